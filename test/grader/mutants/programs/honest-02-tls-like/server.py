import socket
import sys
import threading
from channel import Channel, fingerprint, identity

key = identity("server.pem")


def serve(sock, address):
    try:
        sock.settimeout(10)
        channel = Channel(sock, key, "server", lambda peer: None)
        print(address, "is", fingerprint(channel.peer), file=sys.stderr, flush=True)
        sock.settimeout(300)
        while (text := channel.receive()) is not None:
            print("Received:", text, flush=True)
            channel.send(sys.argv[2])
        channel.close()
    except Exception as error:
        print(address, "refused:", repr(error), file=sys.stderr, flush=True)
    finally:
        sock.close()


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
while True:
    threading.Thread(target=serve, args=listener.accept(), daemon=True).start()
