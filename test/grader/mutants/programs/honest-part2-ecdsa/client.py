import socket, sys
from session import Session

session = Session(socket.create_connection((sys.argv[1], int(sys.argv[2]))))
session.say(sys.argv[3])
print("Server:", session.hear())
