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
message = sys.argv[3]
conn = socket.create_connection((sys.argv[1], int(sys.argv[2])))
stream = conn.makefile("rwb")


def send(data):
    stream.write(data.hex().encode() + b"\n")
    stream.flush()


def receive():
    return bytes.fromhex(stream.readline().decode())


server_pem = receive()
server_key = serialization.load_pem_public_key(server_pem)
key = cipher.new_key()
wrapped = server_key.encrypt(key, OAEP)
data = cipher.encrypt(message.encode(), key)
send(public_key)
send(wrapped)
send(data)
send(private_key.sign(b"request" + server_pem + wrapped + data, PSS, hashes.SHA256()))
data, signature = receive(), receive()
server_key.verify(signature, b"reply" + public_key + wrapped + data, PSS, hashes.SHA256())
print("Decrypted reply:", cipher.decrypt(data, key).decode("utf-8", "replace"))
