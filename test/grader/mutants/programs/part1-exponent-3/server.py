import socket, sys
from common import *

n, d = keypair()
sock = socket.socket()
sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sock.bind(("", int(sys.argv[1])))
sock.listen()
conn, addr = sock.accept()
f = conn.makefile("rw")
f.write("%x\n" % n)
f.flush()
peer = int(f.readline(), 16)
text = decrypt(f.readline().strip(), n, d)
if not check(text, f.readline().strip(), peer):
    sys.exit("wrong signature")
print("Client:", text)
answer = input()
f.write(encrypt(answer, peer) + "\n" + sign(answer, n, d) + "\n")
f.flush()
