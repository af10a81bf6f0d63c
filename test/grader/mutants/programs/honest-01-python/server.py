import json
import os
import socketserver
import sys
from cryptography.fernet import Fernet
import identity

KEY = identity.load("server")
ME = identity.public(KEY)


class Exchange(socketserver.StreamRequestHandler):
    timeout = 20

    def receive(self):
        line = self.rfile.readline(4_000_000).decode()
        if not line.endswith("\n"):
            raise ValueError("cut short")
        return line.strip(), json.loads(line)

    def send(self, **fields):
        self.wfile.write(json.dumps(fields).encode() + b"\n")

    def handle(self):
        try:
            self.exchange()
        except Exception as error:
            print("refused:", repr(error)[:200], file=sys.stderr, flush=True)

    def exchange(self):
        hello, client = self.receive()
        nonce = os.urandom(16).hex()
        self.send(key=ME, nonce=nonce, signature=identity.sign(KEY, "server hello", hello, nonce))
        _, request = self.receive()
        wrapped, token = request["wrapped"], request["token"]
        identity.verify(client["key"], request["signature"], "request", hello, ME, nonce, wrapped, token)
        if not client["name"].isalnum():
            raise ValueError("bad name")
        identity.check("client_" + client["name"], client["key"])
        fernet = Fernet(identity.unwrap(KEY, wrapped))
        print("Received:", fernet.decrypt(token.encode()).decode(), flush=True)
        answer = fernet.encrypt(sys.argv[2].encode()).decode()
        signature = identity.sign(KEY, "reply", hello, nonce, request["signature"], answer)
        self.send(token=answer, signature=signature)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with Server(("127.0.0.1", int(sys.argv[1])), Exchange) as server:
    server.serve_forever()
