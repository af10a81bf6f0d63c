import socket, sys
from talk import Talk

answer = input("What do you want to answer? > ")
listener = socket.socket()
listener.bind(("", int(sys.argv[1])))
listener.listen(1)
sock, (host, port) = listener.accept()
print(f"{host}:{port} is here.")
talk = Talk(sock, "server")
client_hello = talk.hear_hello()
server_hello = talk.say_hello()
talk.bind(client_hello, server_hello)
print("It says:", talk.receive())
talk.send(answer)
