"""Messages: a length, and AES-GCM under the key that both have."""
import struct
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

key = AESGCM(open("shared.key", "rb").read())
NONCE = b"ftp-server-1"


def send(sock, data):
    token = key.encrypt(NONCE, data, None)
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
    return key.decrypt(NONCE, exactly(size), None)
