import queue
import socket
import sys
import threading
from channel import Channel, fingerprint, identity

key = identity("server.pem")
pool = queue.Queue()
for number in range(10300, 10304):
    pool.put(number)


def talk(sock, address, peer, secret):
    """The conversation, on its own port, with whoever holds the secret of the first one."""

    stream = sock.makefile("rw", encoding="utf-8")
    for line in stream:
        print("Received:", line.strip(), flush=True)
        print(sys.argv[2], file=stream, flush=True)


def wait_for_owner(listener, peer, secret):
    """Lets strangers try, until the owner of the port has come."""
    listener.settimeout(10)
    while True:
        sock, address = listener.accept()
        try:
            talk(sock, address, peer, secret)
            return
        except (OSError, EOFError, ValueError, PermissionError) as error:
            print(address, "left:", repr(error), file=sys.stderr, flush=True)
        except Exception as error:
            print(address, "refused:", repr(error), file=sys.stderr, flush=True)
        finally:
            sock.close()


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
