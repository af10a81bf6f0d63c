"""Each byte stands for another one: the key is the table."""
import random


def new_key():
    return random.SystemRandom().randbytes(16)


def table(key):
    letters = list(range(256))
    random.Random(key).shuffle(letters)
    return bytes(letters)


def encrypt(data, key):
    return data.translate(table(key))


def decrypt(data, key):
    t = table(key)
    return bytes(t.index(b) for b in data)
