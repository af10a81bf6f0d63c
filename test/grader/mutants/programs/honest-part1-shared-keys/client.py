import socket, sys
from secure import *

key = new_key()
open("two.der", "wb").write(to_der(key))
server_der = open("one.der", "rb").read()
server = from_der(server_der)
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
send(sock, b"hello")
receive(sock)
session = to_der(key) + server_der
body = encrypt(sys.argv[3].encode(), server)
send(sock, body)
send(sock, sign(b"message" + session + body, key))
reply = receive(sock)
verify(receive(sock), b"reply" + session + reply, server)
print("Received:", decrypt(reply, key).decode())
