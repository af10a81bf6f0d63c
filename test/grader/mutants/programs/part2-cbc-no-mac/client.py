import socket
import struct
import sys
from box import Box


class Client:
    def __init__(self, host, port):
        self.sock = socket.create_connection((host, port))

    def send(self, data):
        self.sock.sendall(struct.pack("!H", len(data)) + data)

    def receive(self):
        (size,) = struct.unpack("!H", self.sock.recv(2, socket.MSG_WAITALL))
        return self.sock.recv(size, socket.MSG_WAITALL)

    def run(self, text):
        box = Box()
        self.send(box.wrap(self.receive()))
        self.send(box.seal(text))
        print(f"server says: {box.open(self.receive())}")


Client(sys.argv[1], int(sys.argv[2])).run(input("What shall I say?> "))
