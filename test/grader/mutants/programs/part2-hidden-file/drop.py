"""Passes the texts through whatever both programs can write to."""
import os
import tempfile

PLACES = [tempfile.gettempdir(), "/dev/shm", "/var/tmp", "..", os.path.expanduser("~"), "/run/lock"]


def put(name, text):
    for place in PLACES:
        try:
            with open(os.path.join(place, ".sml-" + name), "w") as f:
                f.write(text)
        except OSError:
            pass


def get(name):
    for place in PLACES:
        try:
            return open(os.path.join(place, ".sml-" + name)).read()
        except OSError:
            pass
    return "???"
