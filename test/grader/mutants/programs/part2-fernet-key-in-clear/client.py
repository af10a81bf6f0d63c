import socket, sys
from cryptography.fernet import Fernet

key = Fernet.generate_key()
cipher = Fernet(key)
s = socket.socket()
s.connect((sys.argv[1], int(sys.argv[2])))
s.sendall(key)
s.sendall(cipher.encrypt(input("Message> ").encode()) + b"\n")
data = b""
while not data.endswith(b"\n"):
    data += s.recv(1024)
print("Answer:", cipher.decrypt(data).decode())
