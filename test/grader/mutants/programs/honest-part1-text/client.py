import socket, sys
from talk import Talk

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
talk = Talk(sock, "client")
client_hello = talk.say_hello()
server_hello = talk.hear_hello()
talk.bind(client_hello, server_hello)
talk.send(input("What do you want to say? > "))
print("It says:", talk.receive())
