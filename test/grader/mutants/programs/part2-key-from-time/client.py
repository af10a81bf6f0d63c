import socket
import sys
import time
from timekey import box

conn = socket.create_connection((sys.argv[1], int(sys.argv[2])))
stream = conn.makefile("rwb")
seconds = int(time.time())
stream.write(b"%d\n" % seconds)
cipher = box(seconds)
stream.write(cipher.encrypt(sys.argv[3].encode()) + b"\n")
stream.flush()
print("server:", cipher.decrypt(stream.readline()).decode())
