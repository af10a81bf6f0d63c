"""A client of exercise 07, written from lib/README.md: says texts, and shows what the server says.

    chat_peer.py PORT KEY.pem NAME TEXT...

Leaves once the server has received its texts and said as many.
"""

import os
import struct
import sys

import zmq

from channel_peer import CLOSE, MESSAGE, Refused, connect_channel, fields, identity_credentials
from channel_peer import parse_fields, read_identity

TIMEOUT = 60_000
GREETING, TEXT, RECEIVED, ALIVE, TYPING = b"\1", b"\2", b"\3", b"\4", b"\5"


class Transport:
    """Whole messages over a PAIR socket."""

    def __init__(self, port):
        self.socket = zmq.Context.instance().socket(zmq.PAIR)
        self.socket.linger = 1000
        self.socket.connect(f"tcp://127.0.0.1:{port}")
        self.connection = os.urandom(16)
        self.sent = self.received = 0

    def send(self, message):
        self.socket.send(self.connection + struct.pack(">IB", self.sent, 0) + message)
        self.sent += 1

    def receive(self, limit):
        if not self.socket.poll(TIMEOUT):
            raise Refused("no answer")
        message = self.socket.recv()
        number, kind = struct.unpack(">IB", message[16:21])
        if message[:16] != self.connection or number != self.received or kind != 0:
            raise Refused("a message of another connection, out of turn, or the end")
        self.received += 1
        if len(message) > limit + 21:
            raise Refused("a message that is too long")
        return message[21:]


def greet(channel, name):
    channel.send(MESSAGE, GREETING + fields(b"sml/07/v1", name, os.urandom(16), b"", bytes(4)))
    greeting = channel.receive()
    version, server, instance, known, received = parse_fields(greeting[1:], 5)
    if greeting[:1] != GREETING or version != b"sml/07/v1" or known or len(instance) != 16 or received != bytes(4):
        raise Refused("the server's greeting is malformed")
    return server.decode()


def talk(channel, name, texts):
    server = greet(channel, name)
    for number, text in enumerate(texts, 1):
        channel.send(MESSAGE, TEXT + struct.pack(">I", number) + text)
    heard = received = 0
    while heard < len(texts) or received < len(texts):
        record = channel.receive()
        if record is None:
            raise Refused("the server left early")
        if record[:1] == RECEIVED:
            (received,) = struct.unpack(">I", record[1:])
        elif record[:1] == TEXT:
            heard += 1
            if struct.unpack(">I", record[1:5]) != (heard,):
                raise Refused("a text out of turn")
            channel.send(MESSAGE, RECEIVED + record[1:5])
            print(f"{server}: {record[5:].decode()}", flush=True)
        elif record != ALIVE and record[:1] != TYPING:
            raise Refused("a record that does not belong here")
    channel.send(CLOSE)
    while channel.receive() is not None:
        pass


if __name__ == "__main__":
    try:
        port, key, name, *texts = sys.argv[1:]
        credentials = identity_credentials(read_identity(key))
        channel = connect_channel(Transport(port), credentials)
        talk(channel, os.fsencode(name), [os.fsencode(text) for text in texts])
    except (Refused, OSError, ValueError) as error:
        sys.exit(f"Error: {error}")
