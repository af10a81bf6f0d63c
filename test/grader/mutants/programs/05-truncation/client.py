"""A prompt: put NAME, get NAME, ls, quit. What is put and got is in downloads/."""
import os
import socket
import sys
from channel import Channel, fingerprint, identity
from transfer import receive_file, send_file

host, port = sys.argv[1], int(sys.argv[2])
FOLDER = "downloads"


def check(peer):
    file = f"known_{host}_{port}"
    if not os.path.exists(file):
        print("new server:", fingerprint(peer))
        open(file, "w").write(fingerprint(peer))
    elif open(file).read() != fingerprint(peer):
        sys.exit("THIS IS ANOTHER SERVER THAN LAST TIME")


def ask(line):
    """A connection on which the server has agreed to do that."""
    sock = socket.create_connection((host, port), timeout=30)
    channel = Channel(sock, identity("client.pem"), "client", check)
    channel.send(line.encode())
    reply = channel.receive().decode()
    if reply == "OK":
        return channel
    print("server says:", reply)


while True:
    line = input("ftp> ").strip()
    command, _, name = line.partition(" ")
    if command == "quit":
        break
    if command == "ls" and (channel := ask("list")):
        print(channel.receive().decode())
    elif command == "get" and (channel := ask(line)):
        receive_file(channel, os.path.join(FOLDER, os.path.basename(name)))
        print("got", name)
    elif command == "put":
        path = os.path.join(FOLDER, name)
        if not os.path.isfile(path):
            print("no such file")
        elif channel := ask(line):
            with open(path, "rb") as file:
                send_file(channel, file)
            print("put", name)
