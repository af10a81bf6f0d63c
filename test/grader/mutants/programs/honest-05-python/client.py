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


def ask(channel, line):
    channel.send(line.encode())
    return expect(channel)


def expect(channel):
    reply = (channel.receive() or b"ERROR it has gone").decode()
    if reply != "OK":
        print("server says:", reply)
    return reply == "OK"


channel = Channel(socket.create_connection((host, port), timeout=30), identity("client.pem"), "client", check)
while True:
    line = input("ftp> ").strip()
    command, _, name = line.partition(" ")
    if command == "quit":
        break
    if command == "ls" and ask(channel, "list"):
        print(channel.receive().decode())
    elif command == "get" and ask(channel, line):
        receive_file(channel, os.path.join(FOLDER, os.path.basename(name)))
        print("got", name)
    elif command == "put":
        path = os.path.join(FOLDER, name)
        if not os.path.isfile(path):
            print("no such file")
        elif ask(channel, line):
            with open(path, "rb") as file:
                send_file(channel, file)
            if expect(channel):
                print("put", name)
channel.close()
