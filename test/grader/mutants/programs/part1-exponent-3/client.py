import socket, sys
from common import *

n, d = keypair()
sock = socket.create_connection(("localhost", int(sys.argv[1])))
f = sock.makefile("rw")
peer = int(f.readline(), 16)
f.write("%x\n" % n)
text = input()
f.write(encrypt(text, peer) + "\n" + sign(text, n, d) + "\n")
f.flush()
answer = decrypt(f.readline().strip(), n, d)
if not check(answer, f.readline().strip(), peer):
    sys.exit("wrong signature")
print("Server:", answer)
