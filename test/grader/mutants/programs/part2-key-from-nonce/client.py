import socket, sys
from secretbox import box

conn = socket.create_connection((sys.argv[1], int(sys.argv[2])))
stream = conn.makefile("rwb")
nonce = stream.read(16)
stream.write(box(nonce).encrypt(sys.argv[3].encode()) + b"\n")
stream.flush()
print("->", box(nonce).decrypt(stream.readline()).decode())
