import socket, sys
from secure import *

key = new_key()
open("one.der", "wb").write(to_der(key))
sock, _ = socket.create_server(("127.0.0.1", int(sys.argv[1]))).accept()
receive(sock)
client_der = open("two.der", "rb").read()
client = from_der(client_der)
send(sock, b"ready")
session = client_der + to_der(key)
body = receive(sock)
verify(receive(sock), b"message" + session + body, client)
print("Received:", decrypt(body, key).decode())
reply = encrypt(sys.argv[2].encode(), client)
send(sock, reply)
send(sock, sign(b"reply" + session + reply, key))
