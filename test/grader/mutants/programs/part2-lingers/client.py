import base64, socket, sys

c = socket.create_connection((sys.argv[1], int(sys.argv[2])))
f = c.makefile("rwb")
f.write(base64.b85encode(sys.argv[3].encode()) + b"\n")
f.flush()
print("Received:", base64.b85decode(f.readline().strip()).decode())
