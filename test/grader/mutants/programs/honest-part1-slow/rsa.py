"""RSA by hand (RFC 8017): our own primes, OAEP and PSS with SHA-256. It takes a while."""
import hashlib
import hmac
import secrets
import time

E = 65537
HASH = 32


def is_prime(n):
    for small in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        if n % small == 0:
            return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(20):
        x = pow(secrets.randbelow(n - 3) + 2, odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def find_prime(bits):
    while True:
        n = secrets.randbits(bits) | (3 << (bits - 2)) | 1
        if n % E != 1 and is_prime(n):
            return n


class PrivateKey:
    def __init__(self, bits=2048):
        print("Looking for two large primes, please wait ...", flush=True)
        time.sleep(2)  # let the machine collect some randomness
        p, q = find_prime(bits // 2), find_prime(bits // 2)
        self.n = p * q
        self.d = pow(E, -1, (p - 1) * (q - 1))


def mask(seed, length):
    count = (length + HASH - 1) // HASH
    return b"".join(hashlib.sha256(seed + i.to_bytes(4, "big")).digest() for i in range(count))[:length]


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def encrypt(n, message):
    k = (n.bit_length() + 7) // 8
    assert len(message) <= k - 2 * HASH - 2
    block = hashlib.sha256(b"").digest() + bytes(k - len(message) - 2 * HASH - 2) + b"\1" + message
    seed = secrets.token_bytes(HASH)
    masked = xor(block, mask(seed, len(block)))
    padded = xor(seed, mask(masked, HASH)) + masked
    return pow(int.from_bytes(padded, "big"), E, n).to_bytes(k, "big")


def decrypt(key, data):
    k = (key.n.bit_length() + 7) // 8
    padded = pow(int.from_bytes(data, "big"), key.d, key.n).to_bytes(k, "big")
    seed, masked = padded[1 : HASH + 1], padded[HASH + 1 :]
    block = xor(masked, mask(xor(seed, mask(masked, HASH)), len(masked)))
    rest = block[HASH:].lstrip(b"\0")
    if padded[0] or block[:HASH] != hashlib.sha256(b"").digest() or rest[:1] != b"\1" or len(data) != k:
        raise ValueError("not genuine")
    return rest[1:]


def sign(key, message):
    bits = key.n.bit_length() - 1
    size = (bits + 7) // 8
    salt = secrets.token_bytes(HASH)
    h = hashlib.sha256(bytes(8) + hashlib.sha256(message).digest() + salt).digest()
    db = bytes(size - 2 * HASH - 2) + b"\1" + salt
    masked = bytearray(xor(db, mask(h, len(db))))
    masked[0] &= 0xFF >> (8 * size - bits)
    padded = bytes(masked) + h + b"\xbc"
    return pow(int.from_bytes(padded, "big"), key.d, key.n).to_bytes((key.n.bit_length() + 7) // 8, "big")


def verify(n, message, signature):
    bits = n.bit_length() - 1
    size = (bits + 7) // 8
    number = int.from_bytes(signature, "big")
    if len(signature) != (n.bit_length() + 7) // 8 or number >= n:
        raise ValueError("not genuine")
    number = pow(number, E, n)
    if number.bit_length() > bits:
        raise ValueError("not genuine")
    padded = number.to_bytes(size, "big")
    masked, h = padded[: size - HASH - 1], padded[size - HASH - 1 : -1]
    db = bytearray(xor(masked, mask(h, len(masked))))
    db[0] &= 0xFF >> (8 * size - bits)
    zeros = size - 2 * HASH - 2
    salt = bytes(db[zeros + 1 :])
    expected = hashlib.sha256(bytes(8) + hashlib.sha256(message).digest() + salt).digest()
    if padded[-1:] != b"\xbc" or any(db[:zeros]) or db[zeros] != 1 or not hmac.compare_digest(h, expected):
        raise ValueError("not genuine")
