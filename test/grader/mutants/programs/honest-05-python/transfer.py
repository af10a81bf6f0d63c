"""A file over a channel: its pieces, and an empty one at its end."""
import os
import tempfile

PIECE = 64 << 10


def send_file(channel, file):
    while piece := file.read(PIECE):
        channel.send(piece)
    channel.send(b"")


def receive_file(channel, path):
    """The file gets its name once it is whole."""
    handle, temporary = tempfile.mkstemp(prefix=".part-", dir=os.path.dirname(path) or ".")
    try:
        with os.fdopen(handle, "wb") as file:
            while piece := channel.receive():
                file.write(piece)
            if piece is None:
                raise EOFError("the file is not whole")
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
