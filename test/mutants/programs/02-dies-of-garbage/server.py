import select
import socket
import sys
from channel import Channel, fingerprint, identity

key = identity("server.pem")
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
channels = {}
while True:
    for sock in select.select([listener, *channels], [], [])[0]:
        if sock is listener:
            client, address = listener.accept()
            channels[client] = Channel(client, key, "server", lambda peer: None)
            print("client", fingerprint(channels[client].peer), flush=True)
        else:
            text = channels[sock].receive()
            if text is None:
                channels.pop(sock).close()
            else:
                print("Received:", text, flush=True)
                channels[sock].send(sys.argv[2])
