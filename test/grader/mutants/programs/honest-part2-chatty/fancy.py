import hashlib
import sys
import time
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

GREEN, RED, BOLD, RESET = "\033[92m", "\033[91m", "\033[1m", "\033[0m"
OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)


def banner(title):
    print("\033[2J\033[H" + GREEN + "*" * 60)
    print(f"*{title:^58}*")
    print("*" * 60 + RESET)


def progress(what):
    for i in range(0, 101, 20):
        sys.stdout.write(f"\r{what}: [{'#' * (i // 10):<10}] {i}%")
        time.sleep(0.03)
    print(f" {GREEN}done{RESET}\0")


def show(name, data):
    print(f"{BOLD}{name}{RESET} ({len(data)} bytes): {data.hex()[:64]}...")


class Link:
    """Each record: its length in eight decimal digits, then the bytes."""

    def __init__(self, sock):
        self.sock = sock
        self.seen = hashlib.sha256()

    def send(self, data):
        show("sent", data)
        self.seen.update(b"%08d" % len(data) + data)
        self.sock.sendall(b"%08d" % len(data) + data)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            chunk = self.sock.recv(count - len(data))
            if not chunk:
                sys.exit(f"{RED}The connection has ended!{RESET}")
            data += chunk
        return data

    def receive(self):
        header = self.exactly(8)
        if not header.isdigit() or int(header) > 5_000_000:
            sys.exit(f"{RED}What is that?{RESET}")
        data = self.exactly(int(header))
        show("received", data)
        self.seen.update(header + data)
        return data

    def so_far(self, who):
        """Names everything that was said up to now, in order."""
        return who + self.seen.digest()


def make_key():
    progress("Generating a 2048-bit RSA key pair")
    key = rsa.generate_private_key(65537, 2048)
    return key, key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def load(pem):
    key = serialization.load_pem_public_key(pem)
    if key.key_size < 2048:
        sys.exit(f"{RED}This key is too small!{RESET}")
    return key


def verify(key, signature, data):
    try:
        key.verify(signature, data, PSS, hashes.SHA256())
        print(f"{GREEN}✔ the signature is valid{RESET}")
    except Exception:
        sys.exit(f"{RED}✘ the signature is NOT valid, I stop here{RESET}")
