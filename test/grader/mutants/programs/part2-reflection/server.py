import socket, sys
from peer import Peer

answer = input("answer> ")
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
peer = Peer(listener.accept()[0])
peer.take_key()
print("client:", peer.hear())
peer.say(answer)
