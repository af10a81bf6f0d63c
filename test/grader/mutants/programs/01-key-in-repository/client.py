import json
import os
import socket
import sys
from cryptography.fernet import Fernet
import identity

key = identity.load("client")
me = identity.public(key)
host, port = sys.argv[1], int(sys.argv[2])
with socket.create_connection((host, port)) as sock, sock.makefile("rwb") as stream:

    def receive():
        line = stream.readline(4_000_000).decode()
        if not line.endswith("\n"):
            sys.exit("the server has gone")
        return json.loads(line)

    def send(**fields):
        line = json.dumps(fields)
        stream.write(line.encode() + b"\n")
        stream.flush()
        return line

    hello = send(name="alice", key=me, nonce=os.urandom(16).hex())
    server = receive()
    identity.verify(server["key"], server["signature"], "server hello", hello, server["nonce"])
    identity.check(f"server_{host}_{port}", server["key"])
    fernet_key = Fernet.generate_key()
    fernet = Fernet(fernet_key)
    wrapped, token = identity.wrap(server["key"], fernet_key), fernet.encrypt(sys.argv[3].encode()).decode()
    signature = identity.sign(key, "request", hello, server["key"], server["nonce"], wrapped, token)
    send(wrapped=wrapped, token=token, signature=signature)
    reply = receive()
    identity.verify(server["key"], reply["signature"], "reply", hello, server["nonce"], signature, reply["token"])
    print("Received:", fernet.decrypt(reply["token"].encode()).decode())
