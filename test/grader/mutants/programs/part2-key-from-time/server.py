import socket
import sys
from timekey import box

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
conn, _ = listener.accept()
stream = conn.makefile("rwb")
seconds = int(stream.readline())
cipher = box(seconds)
print("client:", cipher.decrypt(stream.readline()).decode())
stream.write(cipher.encrypt(sys.argv[2].encode()) + b"\n")
stream.flush()
