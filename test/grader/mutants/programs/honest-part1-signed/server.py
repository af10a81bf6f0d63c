import socket, sys
from secure import *

key = new_key()
sock, _ = socket.create_server(("127.0.0.1", int(sys.argv[1]))).accept()
client_der = receive(sock)
client = from_der(client_der)
send(sock, to_der(key))
session = client_der + to_der(key)
body = receive(sock)
verify(receive(sock), b"message" + session + body, client)
print("Received:", decrypt(body, key).decode())
reply = encrypt(sys.argv[2].encode(), client)
send(sock, reply)
send(sock, sign(b"reply" + session + reply, key))
