import secrets, socket, sys, threading
from dh import P, cipher, exponent

x = exponent("server.txt")


def serve(conn):
    f = conn.makefile("rw")
    nonce = secrets.token_hex(8)
    print(pow(2, x, P), nonce, file=f, flush=True)
    theirs, other = f.readline().split()
    box = cipher(pow(int(theirs), x, P), nonce + other)
    print("Received:", box.decrypt(f.readline().encode()).decode()[1:], flush=True)
    print(box.encrypt(b"S" + sys.argv[2].encode()).decode(), file=f, flush=True)


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()
