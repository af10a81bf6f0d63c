# chat client
import socket

s = socket.socket()
s.connect(("127.0.0.1", 5050))
msg = input("Enter your message: ")
s.send(msg.encode())
print("Received:", s.recv(65536).decode())
s.close()
