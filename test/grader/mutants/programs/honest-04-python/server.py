import queue
import socket
import sys
import threading
from channel import Channel, fingerprint, identity

key = identity("server.pem")
pool = queue.Queue()
for number in range(10300, 10304):
    pool.put(number)


def admit(sock, peer, secret):
    """Admits the client of the first port, which knows its secret."""

    def same(other):
        if other != peer:
            raise PermissionError("another client")

    sock.settimeout(10)
    return Channel(sock, key, "server", same, preshared=secret)


def talk(channel):
    channel.sock.settimeout(300)
    while (text := channel.receive()) is not None:
        print("Received:", text, flush=True)
        channel.send(sys.argv[2])
    channel.close()


def wait_for_owner(listener, peer, secret):
    """Refuses strangers until the owner of the port has come."""
    listener.settimeout(10)
    while True:
        sock, address = listener.accept()
        with sock:
            try:
                channel = admit(sock, peer, secret)
            except Exception as error:
                print(address, "refused:", repr(error), file=sys.stderr, flush=True)
                continue
            listener.close()
            return talk(channel)


def shake_hands(sock, address):
    number = None
    try:
        sock.settimeout(10)
        channel = Channel(sock, key, "server", lambda peer: None)
        try:
            number = pool.get_nowait()
        except queue.Empty:
            channel.send("busy")
            return
        with socket.create_server(("127.0.0.1", number)) as listener:
            channel.send(f"port {number:05}")
            channel.close()
            print(address, "is", fingerprint(channel.peer), "and goes to", number, file=sys.stderr, flush=True)
            wait_for_owner(listener, channel.peer, channel.exported)
    except Exception as error:
        print(address, "refused:", repr(error), file=sys.stderr, flush=True)
    finally:
        sock.close()
        if number is not None:
            pool.put(number)


main = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
while True:
    threading.Thread(target=shake_hands, args=main.accept(), daemon=True).start()
