import os, socket
from cryptography.fernet import Fernet
from fancy import *

banner("SECURE CHAT 3000 -- CLIENT")
name = input("Your name: ")
key, pem = make_key()
host = input("Server's host: ")
port = int(input("Server's port: "))
message = input(f"{BOLD}{name}, what do you want to say?{RESET} ")
print(f"You say: {message}")
link = Link(socket.create_connection((host, port)))
server = load(link.receive()[16:])
link.send(os.urandom(16) + pem)
secret = Fernet.generate_key()
fernet = Fernet(secret)
link.send(server.encrypt(secret, OAEP))
link.send(fernet.encrypt(message.encode()))
link.send(key.sign(link.so_far(b"client"), PSS, hashes.SHA256()))
token = link.receive()
context = link.so_far(b"server")
verify(server, link.receive(), context)
print(f"Their reply: {BOLD}«{fernet.decrypt(token).decode()}»{RESET}")
