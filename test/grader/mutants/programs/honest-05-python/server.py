"""Offers the files in shared/ to every client: put, get and list, over channel.py."""
import os
import socket
import sys
import threading
from channel import Channel, fingerprint, identity
from transfer import receive_file, send_file

ROOT = os.path.realpath("shared")
key = identity("server.pem")


def place(name):
    """The path of a file in the folder itself, and nowhere else."""
    if not name or name.startswith(".") or "/" in name or "\0" in name:
        raise PermissionError("no such name")
    path = os.path.join(ROOT, name)
    if os.path.islink(path):
        raise PermissionError("no such file")
    return path


def names():
    return sorted(n for n in os.listdir(ROOT) if not n.startswith(".") and os.path.isfile(os.path.join(ROOT, n)))


def answer(channel, command, name):
    try:
        if command == "list":
            channel.send(b"OK")
            channel.send("\n".join(names()).encode())
        elif command == "get":
            with open(place(name), "rb") as file:
                channel.send(b"OK")
                send_file(channel, file)
        elif command == "put":
            path = place(name)
            channel.send(b"OK")
            receive_file(channel, path)
            channel.send(b"OK")
        else:
            channel.send(b"ERROR unknown command")
    except OSError as error:
        channel.send(f"ERROR {error.strerror or error}".encode())


def serve(sock, address):
    try:
        sock.settimeout(10)
        channel = Channel(sock, key, "server", lambda peer: None)
        print(address, "is", fingerprint(channel.peer)[:16], flush=True)
        sock.settimeout(300)
        while (line := channel.receive()) is not None:
            command, _, name = line.decode().partition(" ")
            answer(channel, command, name)
        channel.close()
    except Exception as error:
        print(address, "refused:", repr(error), flush=True)
    finally:
        sock.close()


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
print("serving", ROOT, flush=True)
while True:
    threading.Thread(target=serve, args=listener.accept(), daemon=True).start()
