"""client.py HOST PORT upload|download NAME"""
import os
import socket
import sys
from wire import new_key, read_key, receive, send, send_key

host, port, command, name = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
path = os.path.join("my", os.path.basename(name))
content = open(path, "rb").read() if command == "upload" else b""
key = new_key()
file = socket.create_connection((host, port), 30).makefile("rwb")
send_key(file, key)
server = read_key(file)
send(file, server, b"\n".join([command.encode(), name.encode(), content]))
answer = receive(file, key)
print(answer[:4].decode(), name)
if answer[:4] == b"file":
    open(path, "wb").write(answer[4:])
