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
listener = socket.create_server(("", int(sys.argv[1])))
sock, _ = listener.accept()
send(sock, key.n.to_bytes(64, "big"))
client = Key(int.from_bytes(receive(sock), "big"))
text = key.decrypt(receive(sock))
if client.verify(text, receive(sock)):
    print("got:", text.decode())
    answer = input("say: ").encode()
    send(sock, client.encrypt(answer))
    send(sock, key.sign(answer))
