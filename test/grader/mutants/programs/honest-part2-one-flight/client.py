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
message = input()
conn = socket.create_connection(("127.0.0.1", 7007), timeout=30)
hello = b""
while not hello.endswith(b"\0") and len(hello) < 10_000:
    chunk = conn.recv(4096)
    if not chunk:
        raise SystemExit("no server")
    hello += chunk
hello = hello[:-1].decode()
server = serialization.load_pem_public_key(json.loads(hello)["key"].encode())
key, nonce = AESGCM.generate_key(256), os.urandom(12)
box = AESGCM(key)
request = json.dumps(
    {
        "key": pem,
        "wrapped": b64(server.encrypt(key, padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))),
        "nonce": b64(nonce),
        "message": b64(box.encrypt(nonce, message.encode(), b"client")),
    }
)
signature = private.sign((hello + request).encode(), PSS, hashes.SHA256())
sent = json.dumps({"request": request, "signature": b64(signature)})
conn.sendall(sent.encode())
conn.shutdown(socket.SHUT_WR)
received = b""
while chunk := conn.recv(4096):
    received += chunk
outer = json.loads(received)
server.verify(base64.b64decode(outer["signature"]), (sent + outer["reply"]).encode(), PSS, hashes.SHA256())
inner = json.loads(outer["reply"])
print("server wrote", repr(box.decrypt(base64.b64decode(inner["nonce"]), base64.b64decode(inner["message"]), b"server").decode()))
