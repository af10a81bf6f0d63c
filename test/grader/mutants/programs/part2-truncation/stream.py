"""A text as a row of Fernet tokens, each with its number, until the end of the stream."""
from cryptography.fernet import Fernet, InvalidToken

SIZE = 12


def send(sock, key, direction, text):
    for i in range(0, len(text), SIZE):
        sock.sendall(Fernet(key).encrypt(f"{direction}{i:08}{text[i : i + SIZE]}".encode()) + b"\n")


def receive(stream, key, direction):
    text = ""
    for line in stream:
        try:
            part = Fernet(key).decrypt(line.strip()).decode()
        except InvalidToken:
            raise SystemExit("tampered!")
        if part[:9] != f"{direction}{len(text):08}":
            raise SystemExit("out of order!")
        text += part[9:]
    return text
