#!/usr/bin/env python3
# The server speaks first; the client sends its key and its message in one piece.
import base64
import json
import os
import socket

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

b64 = lambda data: base64.b64encode(data).decode()
PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)

private = rsa.generate_private_key(public_exponent=65537, key_size=3072)
pem = private.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
).decode()
s = socket.socket()
s.bind(("127.0.0.1", 7007))
s.listen()
reply = input()
conn, _ = s.accept()
conn.settimeout(30)
hello = json.dumps({"key": pem, "nonce": os.urandom(16).hex()})
conn.sendall(hello.encode() + b"\0")
received = b""
while (chunk := conn.recv(4096)) and len(received) < 4_000_000:
    received += chunk
outer = json.loads(received)
inner = json.loads(outer["request"])
client = serialization.load_pem_public_key(inner["key"].encode())
client.verify(base64.b64decode(outer["signature"]), (hello + outer["request"]).encode(), PSS, hashes.SHA256())
key = private.decrypt(
    base64.b64decode(inner["wrapped"]), padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
)
if client.key_size < 2048 or len(key) != 32:
    raise SystemExit("bad key")
box = AESGCM(key)
text = box.decrypt(base64.b64decode(inner["nonce"]), base64.b64decode(inner["message"]), b"client")
print("client wrote", repr(text.decode()))
nonce = os.urandom(12)
answer = {"nonce": b64(nonce), "message": b64(box.encrypt(nonce, reply.encode(), b"server"))}
signed = json.dumps(answer)
signature = private.sign((received.decode() + signed).encode(), PSS, hashes.SHA256())
conn.sendall(json.dumps({"reply": signed, "signature": b64(signature)}).encode())
conn.close()
