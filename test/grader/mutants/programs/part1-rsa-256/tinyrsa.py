import hashlib
import os
import secrets

BITS = 256
SIZE = BITS // 8


def prime():
    while True:
        p = secrets.randbits(BITS // 2) | (3 << (BITS // 2 - 2)) | 1
        if p % 65537 != 1 and all(pow(a, p - 1, p) == 1 for a in (2, 3, 5, 7)):
            return p


class Key:
    def __init__(self, n=None):
        self.n = n
        if n is None:
            p, q = prime(), prime()
            self.n = p * q
            self.d = pow(65537, -1, (p - 1) * (q - 1))

    def encrypt(self, data):
        # 3 random bytes in front of each block, so that equal blocks look different
        step = SIZE - 5
        out = b""
        for i in range(0, len(data), step):
            block = b"\x01" + os.urandom(3) + data[i : i + step]
            out += pow(int.from_bytes(block, "big"), 65537, self.n).to_bytes(SIZE, "big")
        return out

    def decrypt(self, data):
        out = b""
        for i in range(0, len(data), SIZE):
            m = pow(int.from_bytes(data[i : i + SIZE], "big"), self.d, self.n)
            out += m.to_bytes(SIZE, "big").lstrip(b"\0")[4:]
        return out

    def sign(self, data):
        h = int.from_bytes(hashlib.sha256(data).digest(), "big") % self.n
        return pow(h, self.d, self.n).to_bytes(SIZE, "big")

    def verify(self, data, signature):
        h = int.from_bytes(hashlib.sha256(data).digest(), "big") % self.n
        return pow(int.from_bytes(signature, "big"), 65537, self.n) == h
