import os
import socketserver
import sys
from wire import new_key, read_key, receive, send, send_key

key = new_key()


class Handler(socketserver.StreamRequestHandler):
    timeout = 30

    def handle(self):
        files = self.Both(self.rfile, self.wfile)
        peer = read_key(files)
        send_key(files, key)
        command, name, content = receive(files, key).split(b"\n", 2)
        path = os.path.join("pub", os.path.basename(name.decode()))
        if command == b"upload":
            with open(path, "wb") as file:
                file.write(content)
            send(files, peer, b"done")
        elif os.path.isfile(path) and not os.path.islink(path):
            send(files, peer, b"file" + open(path, "rb").read())
        else:
            send(files, peer, b"none")

    class Both:
        def __init__(self, reading, writing):
            self.readline, self.write, self.flush = reading.readline, writing.write, writing.flush


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads, request_queue_size = True, True, 100


Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
