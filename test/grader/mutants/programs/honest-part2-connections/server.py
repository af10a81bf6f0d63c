import os, socket, sys
from cryptography.fernet import Fernet
from pieces import *

key, der = new_key()
nonce = os.urandom(32)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
state = {}


def exchange_keys(hello):
    state["session"] = digest(hello, nonce + der)
    state["client"] = load(hello[32:])
    return nonce + der


def take_message(request):
    wrapped, signature, token = request[:256], request[256:512], request[512:]
    state["client"].verify(signature, digest(b"C", state["session"], wrapped, token), PSS, hashes.SHA256())
    fernet = Fernet(key.decrypt(wrapped, OAEP))
    print("Message:", fernet.decrypt(token).decode())
    reply = fernet.encrypt(sys.argv[2].encode())
    return key.sign(digest(b"S", state["session"], request, reply), PSS, hashes.SHA256()) + reply


answer(listener, exchange_keys)
answer(listener, take_message)
