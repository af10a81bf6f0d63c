import socket, sys
from party import Party
import rsa

key = rsa.PrivateKey()
party = Party(socket.create_connection((sys.argv[1], int(sys.argv[2]))), key)
party.swap_keys(first=True)
party.send(b"client", input("Your message > "))
print("The server says:", party.receive(b"server"))
