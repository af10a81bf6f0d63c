import hashlib
import random

E = 3
BLOCK = 80


SMALL = [p for p in range(3, 2000, 2) if all(p % d for d in range(3, 45, 2) if d < p)]


def is_prime(n):
    return all(n % p for p in SMALL) and all(pow(a, n - 1, n) == 1 for a in (2, 3, 5, 7, 11, 13))


def prime():
    while True:
        p = random.SystemRandom().getrandbits(1024) | (3 << 1022) | 1
        if p % 3 == 2 and is_prime(p):
            return p


def keypair():
    p, q = prime(), prime()
    return p * q, pow(E, -1, (p - 1) * (q - 1))


def encrypt(text, n):
    data = text.encode()
    return ",".join("%x" % pow(int(data[i : i + BLOCK].hex(), 16), E, n) for i in range(0, len(data), BLOCK))


def decrypt(line, n, d):
    out = b""
    for number in line.split(","):
        h = "%x" % pow(int(number, 16), d, n)
        out += bytes.fromhex(h.zfill(len(h) + len(h) % 2))
    return out.decode()


def sign(text, n, d):
    return "%x" % pow(int(hashlib.sha256(text.encode()).hexdigest(), 16), d, n)


def check(text, signature, n):
    return pow(int(signature, 16), E, n) == int(hashlib.sha256(text.encode()).hexdigest(), 16)
