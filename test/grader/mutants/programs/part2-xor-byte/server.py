import socket
import sys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
import cipher

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)

private_key = rsa.generate_private_key(65537, 2048)
public_key = private_key.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
reply = sys.argv[2]
server = socket.socket()
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen(1)
conn, addr = server.accept()
stream = conn.makefile("rwb")


def send(data):
    stream.write(data.hex().encode() + b"\n")
    stream.flush()


def receive():
    return bytes.fromhex(stream.readline().decode())


send(public_key)
client_pem = receive()
client_key = serialization.load_pem_public_key(client_pem)
wrapped, data, signature = receive(), receive(), receive()
client_key.verify(signature, b"request" + public_key + wrapped + data, PSS, hashes.SHA256())
key = private_key.decrypt(wrapped, OAEP)
print("Decrypted message:", cipher.decrypt(data, key).decode("utf-8", "replace"))
data = cipher.encrypt(reply.encode(), key)
send(data)
send(private_key.sign(b"reply" + client_pem + wrapped + data, PSS, hashes.SHA256()))
