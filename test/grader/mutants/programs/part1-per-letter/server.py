import json
import socket
import rsa

public, private = rsa.keys()
print("public key", public)
srv = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
srv.bind(("localhost", 9999))
srv.listen(5)
c, a = srv.accept()
f = c.makefile("rw")
f.write(json.dumps(public) + "\n")
f.flush()
client_key = json.loads(f.readline())
print("Client says:", rsa.decrypt(json.loads(f.readline()), private))
f.write(json.dumps(rsa.encrypt(input("Reply> "), client_key)) + "\n")
f.flush()
c.close()
