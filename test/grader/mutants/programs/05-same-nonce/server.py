import os
import socket
import sys
import threading
from sealed import receive, send

FOLDER = "offered"


def serve(sock):
    sock.settimeout(30)
    try:
        while True:
            command, _, name = receive(sock).decode().partition(" ")
            path = os.path.join(FOLDER, os.path.basename(name))
            if command == "put":
                data = receive(sock)
                with open(path, "wb") as file:
                    file.write(data)
                send(sock, b"stored")
            elif command == "get" and os.path.isfile(path) and not os.path.islink(path):
                send(sock, b"+" + open(path, "rb").read())
            else:
                send(sock, b"-")
    except Exception as error:
        print("end of a client:", repr(error), flush=True)
    sock.close()


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=100)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
