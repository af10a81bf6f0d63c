"""Messages: a length, and a Fernet token under the key that both have."""
import struct
from cryptography.fernet import Fernet

fernet = Fernet(open("shared.key", "rb").read())


def send(sock, data):
    token = fernet.encrypt(data)
    sock.sendall(struct.pack(">I", len(token)) + token)


def receive(sock):
    def exactly(count):
        data = b""
        while len(data) < count:
            chunk = sock.recv(min(65536, count - len(data)))
            if not chunk:
                raise EOFError
            data += chunk
        return data

    (size,) = struct.unpack(">I", exactly(4))
    if size > 4 << 20:
        raise ValueError("too long")
    return fernet.decrypt(exactly(size))
