import socket
import struct
import sys
from box import Box, Keys


class Server:
    def __init__(self, port):
        self.keys = Keys()
        self.listener = socket.create_server(("127.0.0.1", port))

    def send(self, data):
        self.sock.sendall(struct.pack("!H", len(data)) + data)

    def receive(self):
        (size,) = struct.unpack("!H", self.sock.recv(2, socket.MSG_WAITALL))
        return self.sock.recv(size, socket.MSG_WAITALL)

    def run(self, answer):
        self.sock, address = self.listener.accept()
        self.send(self.keys.pem())
        box = Box(self.keys.unwrap(self.receive()))
        print(f"{address[0]} says: {box.open(self.receive())}")
        self.send(box.seal(answer))


Server(int(sys.argv[1])).run(input("What shall I answer?> "))
