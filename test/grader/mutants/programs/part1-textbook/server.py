"""RSA without padding: c = m^e mod n, on blocks of 200 bytes."""
import socket
import sys
from cryptography.hazmat.primitives.asymmetric import rsa

BLOCK = 200


class Rsa:
    def __init__(self):
        private = rsa.generate_private_key(65537, 2048).private_numbers()
        self.n, self.e, self.d = private.public_numbers.n, 65537, private.d

    def decrypt(self, line):
        blocks = [pow(int(word), self.d, self.n) for word in line.split()]
        return b"".join(m.to_bytes((m.bit_length() + 7) // 8, "big") for m in blocks).decode()


def encrypt(text, n, e):
    data = text.encode()
    blocks = [data[i : i + BLOCK] for i in range(0, len(data), BLOCK)]
    return " ".join(str(pow(int.from_bytes(b, "big"), e, n)) for b in blocks)


mine = Rsa()
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
connection, _ = listener.accept()
stream = connection.makefile("rw")
print(mine.n, mine.e, file=stream, flush=True)
n, e = map(int, stream.readline().split())
print("message:", mine.decrypt(stream.readline()))
print(encrypt(sys.argv[2], n, e), file=stream, flush=True)
