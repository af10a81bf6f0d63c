import random, secrets, socket, sys
from cryptography.fernet import Fernet
from lines import *

key, mine = generate()
main = socket.create_server(("127.0.0.1", int(sys.argv[1])))
first, _ = main.accept()
f = first.makefile("rw")
client_hello = read(f)
client = load(client_hello[0])
while True:
    try:
        second = socket.create_server(("127.0.0.1", random.randint(20000, 30000)))
        break
    except OSError:
        pass
hello = [mine, secrets.token_hex(16), str(second.getsockname()[1])]
print(*hello, file=f, flush=True)
session = client_hello + hello
conn, _ = second.accept()
f = conn.makefile("rw")
wrapped, token, signature = read(f)
client.verify(bytes.fromhex(signature), summary("C", *session, wrapped, token), PSS, hashes.SHA256())
fernet = Fernet(key.decrypt(bytes.fromhex(wrapped), OAEP))
print("Received:", fernet.decrypt(token.encode()).decode())
answer = fernet.encrypt(sys.argv[2].encode()).decode()
print(answer, key.sign(summary("S", *session, signature, answer), PSS, hashes.SHA256()).hex(), file=f, flush=True)
