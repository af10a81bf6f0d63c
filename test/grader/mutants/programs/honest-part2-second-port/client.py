import secrets, socket, sys
from cryptography.fernet import Fernet
from lines import *

key, mine = generate()
f = socket.create_connection((sys.argv[1], int(sys.argv[2]))).makefile("rw")
hello = [mine, secrets.token_hex(16)]
print(*hello, file=f, flush=True)
server_hello = read(f)
server = load(server_hello[0])
session = hello + server_hello
f = socket.create_connection((sys.argv[1], int(server_hello[2]))).makefile("rw")
secret = Fernet.generate_key()
wrapped, token = server.encrypt(secret, OAEP).hex(), Fernet(secret).encrypt(sys.argv[3].encode()).decode()
signature = key.sign(summary("C", *session, wrapped, token), PSS, hashes.SHA256()).hex()
print(wrapped, token, signature, file=f, flush=True)
answer, proof = read(f)
server.verify(bytes.fromhex(proof), summary("S", *session, signature, answer), PSS, hashes.SHA256())
print("Received:", Fernet(secret).decrypt(answer.encode()).decode())
