import os
import socket
import sys
from sealed import receive, send

sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
print("Commands: put FILE, get FILE, bye")
for line in sys.stdin:
    command, _, name = line.strip().partition(" ")
    path = os.path.join("local", os.path.basename(name))
    if command == "bye":
        break
    send(sock, f"{command} {name}".encode())
    if command == "put":
        send(sock, open(path, "rb").read())
        print(receive(sock).decode())
    elif command == "get":
        answer = receive(sock)
        if answer[:1] == b"+":
            open(path, "wb").write(answer[1:])
            print("received", name)
        else:
            print("there is no", name)
