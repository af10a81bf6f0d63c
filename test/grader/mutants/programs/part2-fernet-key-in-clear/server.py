import socket, sys
from cryptography.fernet import Fernet

s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen(1)
conn, addr = s.accept()
print("Connection from", addr)
cipher = Fernet(conn.recv(44, socket.MSG_WAITALL))
data = b""
while not data.endswith(b"\n"):
    data += conn.recv(1024)
print("Message:", cipher.decrypt(data).decode())
conn.sendall(cipher.encrypt(input("Answer> ").encode()) + b"\n")
