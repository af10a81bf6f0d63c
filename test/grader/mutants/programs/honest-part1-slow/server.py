import socket, sys
from party import Party
import rsa

key = rsa.PrivateKey()
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
answer = input("Your answer > ")
party = Party(listener.accept()[0], key)
party.swap_keys(first=False)
print("The client says:", party.receive(b"client"))
party.send(b"server", answer)
