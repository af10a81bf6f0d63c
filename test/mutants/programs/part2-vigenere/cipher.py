"""Vigenere, with a secret word of six letters."""
import random, string

ALPHABET = string.ascii_letters + string.digits


def new_key():
    return "".join(random.SystemRandom().choices(string.ascii_uppercase, k=6)).encode()


def shift(text, key, sign):
    out, i = "", 0
    for c in text:
        if c in ALPHABET:
            k = ord(chr(key[i % len(key)])) - ord("A")
            out += ALPHABET[(ALPHABET.index(c) + sign * k) % len(ALPHABET)]
            i += 1
        else:
            out += c
    return out


def encrypt(data, key):
    return shift(data.decode(), key, 1).encode()


def decrypt(data, key):
    return shift(data.decode(), key, -1).encode()
