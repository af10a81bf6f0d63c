import secrets, socket, sys
from dh import P, cipher, exponent

x = exponent("client.txt")
f = socket.create_connection((sys.argv[1], int(sys.argv[2]))).makefile("rw")
theirs, other = f.readline().split()
nonce = secrets.token_hex(8)
print(pow(2, x, P), nonce, file=f)
box = cipher(pow(int(theirs), x, P), other + nonce)
print(box.encrypt(b"C" + sys.argv[3].encode()).decode(), file=f, flush=True)
print("Received:", box.decrypt(f.readline().encode()).decode()[1:])
