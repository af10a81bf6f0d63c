import socket
import struct
import sys
from tinyrsa import Key


def send(sock, data):
    sock.sendall(struct.pack(">I", len(data)) + data)


def receive(sock):
    def exactly(n):
        data = b""
        while len(data) < n:
            chunk = sock.recv(n - len(data))
            if not chunk:
                sys.exit("connection lost")
            data += chunk
        return data

    return exactly(struct.unpack(">I", exactly(4))[0])


key = Key()
text = input("say: ").encode()
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
server = Key(int.from_bytes(receive(sock), "big"))
send(sock, key.n.to_bytes(64, "big"))
send(sock, server.encrypt(text))
send(sock, key.sign(text))
answer = receive(sock)
if server.verify(answer := key.decrypt(answer), receive(sock)):
    print("got:", answer.decode())
