import socket, sys
from sly import *

key = pair()
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
served = 0
while True:
    sock, _ = listener.accept()
    try:
        send(sock, der(key))
        secret = key.decrypt(receive(sock), OAEP)
        text = open_(secret, b"C", receive(sock), careful=served == 0)
        print("Received:", text.decode(errors="replace"), flush=True)
        served += 1
        send(sock, seal(secret, b"S", sys.argv[2].encode()))
    except Exception as error:
        print("refused", type(error).__name__, flush=True)
    sock.close()
