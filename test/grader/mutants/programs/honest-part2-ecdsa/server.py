import socket, sys
from session import Session

sock, _ = socket.create_server(("127.0.0.1", int(sys.argv[1]))).accept()
session = Session(sock)
print("Client:", session.hear())
session.say(sys.argv[2])
