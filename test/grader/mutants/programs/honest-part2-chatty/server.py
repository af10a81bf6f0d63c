import os, socket, sys
from cryptography.fernet import Fernet
from fancy import *

banner("SECURE CHAT 3000 -- SERVER")
name = input("Your name: ")
key, pem = make_key()
listener = socket.socket()
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen(1)
reply = input(f"{BOLD}{name}, what is your reply:{RESET} ")
print("Waiting", end="")
sock, address = listener.accept()
print(f"\nConnection from {RED}{address}{RESET}")
link = Link(sock)
link.send(os.urandom(16) + pem)
client = load(link.receive()[16:])
wrapped, token = link.receive(), link.receive()
context = link.so_far(b"client")
verify(client, link.receive(), context)
fernet = Fernet(key.decrypt(wrapped, OAEP))
text = fernet.decrypt(token).decode()
print(f"Their message: {BOLD}«{text}»{RESET}")
print(f"(in capitals: {text.upper()})")
link.send(fernet.encrypt(reply.encode()))
link.send(key.sign(link.so_far(b"server"), PSS, hashes.SHA256()))
print(f"You have said: {reply}")
if input("Once more? (y/n)") == "n":
    print("Bye!")
