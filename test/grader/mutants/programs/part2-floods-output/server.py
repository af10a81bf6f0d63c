import socket, sys, threading


def spin():
    while True:
        sys.stdout.write("waiting for a client, please be patient... " * 100 + "\n")


s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
c, _ = s.accept()
threading.Thread(target=spin, daemon=True).start()
print("Received:", c.recv(4096).decode())
c.sendall(sys.argv[2].encode())
