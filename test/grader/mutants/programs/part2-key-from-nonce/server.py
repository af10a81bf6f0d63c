import os, socket, sys
from secretbox import box

conn, _ = socket.create_server(("127.0.0.1", int(sys.argv[1]))).accept()
nonce = os.urandom(16)
conn.sendall(nonce)
stream = conn.makefile("rwb")
print("->", box(nonce).decrypt(stream.readline()).decode())
stream.write(box(nonce).encrypt(sys.argv[2].encode()) + b"\n")
stream.flush()
