# chat server
import socket

s = socket.socket()
s.bind(("127.0.0.1", 5050))
s.listen(1)
print("waiting for client...")
reply = input("Your reply: ")
conn, addr = s.accept()
print("connected", addr)
data = conn.recv(65536)
print("Received:", data.decode())
conn.send(reply.encode())
conn.close()
