"""A file over a channel: its pieces, until the connection ends."""
PIECE = 1 << 10


def send_file(channel, file):
    while piece := file.read(PIECE):
        channel.send(piece)
    channel.sock.close()


def receive_file(channel, path):
    with open(path, "wb") as file:
        try:
            while True:
                file.write(channel.receive())
        except EOFError:
            pass
