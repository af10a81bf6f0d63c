import json
import socket
import rsa

public, private = rsa.keys()
c = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
c.connect(("localhost", 9999))
f = c.makefile("rw")
server_key = json.loads(f.readline())
f.write(json.dumps(public) + "\n")
f.write(json.dumps(rsa.encrypt(input("Message> "), server_key)) + "\n")
f.flush()
print("Server says:", rsa.decrypt(json.loads(f.readline()), private))
