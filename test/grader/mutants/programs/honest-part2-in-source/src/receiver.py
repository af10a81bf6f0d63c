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
REPLY = b"Sphinx of black quartz, judge my vow."

listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("0.0.0.0", 1060))
listener.listen(1)
sc, sockname = listener.accept()
nonce = os.urandom(32)
sc.sendall(nonce + spki)
peer = serialization.load_der_public_key(recvall(sc, 294))
secret = key.decrypt(recvall(sc, 256), OAEP)
length = int.from_bytes(recvall(sc, 2), "big")
body = recvall(sc, 16 + length)
tag, signature = recvall(sc, 32), recvall(sc, 256)
client_spki = peer.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
peer.verify(signature, mac(b"request", nonce, spki, client_spki, tag), PSS, hashes.SHA256())
if not hmac.compare_digest(tag, mac(secret[32:], b"request", body)):
    raise SystemExit("tampered")
print("Received", crypt(secret[:32], body[:16], body[16:]))
iv = os.urandom(16)
body = iv + crypt(secret[:32], iv, REPLY)
tag = mac(secret[32:], b"reply", tag, body)
signature = key.sign(mac(b"reply", nonce, spki, client_spki, tag), PSS, hashes.SHA256())
sc.sendall((len(body) - 16).to_bytes(2, "big") + body + tag + signature)
sc.close()
