import socket, sys
from peer import Peer

text = input("text> ")
peer = Peer(socket.create_connection((sys.argv[1], int(sys.argv[2]))))
peer.make_key()
peer.say(text)
print("server:", peer.hear())
