"""Something looks encrypted on the wire; what counts goes through a file that both declare."""
import codecs
import time

NAME = "mailbox.bin"


def put(tag, text):
    with open(NAME, "a") as f:
        f.write(tag + codecs.encode(text, "rot13") + "\n")


def get(tag):
    for _ in range(100):
        try:
            for line in open(NAME):
                if line.startswith(tag):
                    return codecs.decode(line[1:].strip(), "rot13")
        except FileNotFoundError:
            pass
        time.sleep(0.05)
    raise SystemExit("no message")
