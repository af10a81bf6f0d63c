import hashlib
import hmac
import os
import socket
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)


def recvall(sock, length):
    data = b""
    while len(data) < length:
        more = sock.recv(length - len(data))
        if not more:
            raise EOFError("was expecting %d bytes but only received %d" % (length, len(data)))
        data += more
    return data


def crypt(key, nonce, data):
    return Cipher(algorithms.AES(key), modes.CTR(nonce)).encryptor().update(data)


def mac(key, *parts):
    return hmac.new(key, b"".join(len(p).to_bytes(4, "big") + p for p in parts), hashlib.sha256).digest()


key = rsa.generate_private_key(65537, 2048)
spki = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
MESSAGE = b"The quick brown fox jumps over the lazy dog."

sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
sock.connect(("192.168.1.23", 1060))
nonce, server_spki = recvall(sock, 32), recvall(sock, 294)
peer = serialization.load_der_public_key(server_spki)
secret = os.urandom(64)
iv = os.urandom(16)
body = iv + crypt(secret[:32], iv, MESSAGE)
tag = mac(secret[32:], b"request", body)
signature = key.sign(mac(b"request", nonce, server_spki, spki, tag), PSS, hashes.SHA256())
sock.sendall(spki + peer.encrypt(secret, OAEP) + len(MESSAGE).to_bytes(2, "big") + body + tag + signature)
length = int.from_bytes(recvall(sock, 2), "big")
body = recvall(sock, 16 + length)
reply_tag, signature = recvall(sock, 32), recvall(sock, 256)
peer.verify(signature, mac(b"reply", nonce, server_spki, spki, reply_tag), PSS, hashes.SHA256())
if not hmac.compare_digest(reply_tag, mac(secret[32:], b"reply", tag, body)):
    raise SystemExit("tampered")
print("Received", crypt(secret[:32], body[:16], body[16:]))
sock.close()
