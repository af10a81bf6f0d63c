import math, random

PRIMES = [p for p in range(300, 1000) if all(p % d for d in range(2, int(p**0.5) + 1))]


def keys():
    p, q = random.sample(PRIMES, 2)
    phi = (p - 1) * (q - 1)
    e = random.choice([e for e in range(3, 200, 2) if math.gcd(e, phi) == 1])
    return (e, p * q), (pow(e, -1, phi), p * q)


def encrypt(text, key):
    return [pow(ord(c), key[0], key[1]) for c in text]


def decrypt(numbers, key):
    return "".join(chr(pow(n, key[0], key[1])) for n in numbers)
