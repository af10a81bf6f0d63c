"""An independent peer for the channel, written from the specification page alone.

    python3 channel_peer.py server PORT KEY.pem TEXT       accept one channel on 127.0.0.1 (port 0: any free one),
                                                           answer each message with TEXT until the client closes
    python3 channel_peer.py client PORT KEY.pem TEXT...    send each TEXT, wait for its answer, close
    python3 channel_peer.py examples FOLDER                recompute the worked examples in lib/vectors

`--psk-id HEX --psk HEX` instead of KEY.pem: a pre-shared key (mode 02) instead of identities (mode 01).
TEXT `-` reads the text from standard input. Needs Python 3.9 and the `cryptography` package (38 or later).
The functions are in the order of the page. It accepts any peer that proves a key: this is for tests, not for secrets.
"""

import hashlib
import hmac
import io
import json
import os
import re
import socket
import sys
from typing import NamedTuple, Optional

from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HOST = "127.0.0.1"
TIMEOUT = 10  # seconds, for every operation on a connection

HANDSHAKE_LIMIT = 8 * 1024
RECORD_LIMIT = 2 * 1024 * 1024
SPKI_LIMIT = 550
REKEY_INTERVAL = 2**20

VERSION = b"sml/channel/v1"
IDENTITY_MODE, PRE_SHARED_MODE = b"\x01", b"\x02"
SUITE = b"\x01"
CURVE = ec.SECP256R1()
FIELD_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1

PROOF, READY, REFUSED, MESSAGE, CLOSE = (bytes([number]) for number in range(1, 6))


class Refused(Exception):
    """The peer's bytes or the user's arguments are refused."""


# --- Notation: frames and fields -----------------------------------------------------------------


def uint32(number):
    return number.to_bytes(4, "big")


def frame(payload):
    return uint32(len(payload)) + payload


def read_exactly(stream, size):
    data = stream.read(size)
    if len(data) != size:
        raise Refused("the stream ends where a frame should come")
    return data


def read_frame(stream, limit):
    size = int.from_bytes(read_exactly(stream, 4), "big")
    if size > limit:
        raise Refused(f"a frame of {size} bytes is over the limit of {limit}")
    return read_exactly(stream, size)


def fields(*values):
    return b"".join(uint32(len(value)) + value for value in values)


def parse_fields(data, count):
    stream = io.BytesIO(data)
    values = []
    for _ in range(count):
        header = stream.read(4)
        size = int.from_bytes(header, "big")
        value = stream.read(size)
        if len(header) != 4 or len(value) != size:
            raise Refused("a field is missing or cut short")
        values.append(value)
    if stream.read(1):
        raise Refused("something follows the last field")
    return values


def label(purpose):
    return VERSION + b"/" + purpose.encode("ascii")


# --- Algorithms, all with SHA-256 ----------------------------------------------------------------


def sha256(data):
    return hashlib.sha256(data).digest()


def pss_padding():
    return padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)


def pss_sign(private_key, *values):
    return private_key.sign(fields(*values), pss_padding(), hashes.SHA256())


def pss_verify(public_key, signature, *values):
    if len(signature) != (public_key.key_size + 7) // 8:
        raise Refused("the signature is not as long as the modulus")
    try:
        public_key.verify(signature, fields(*values), pss_padding(), hashes.SHA256())
    except InvalidSignature:
        raise Refused("the signature is wrong") from None


def hmac_sha256(key, *values):
    return hmac.digest(key, fields(*values), "sha256")


def hkdf(secret, salt, info, length):
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


# --- Texts and public keys -----------------------------------------------------------------------


def check_text(text):
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("the text is not UTF-8") from None
    return text


def printable(text):
    """A peer's reason on one line, without control characters."""
    return "".join(char if char.isprintable() else "\ufffd" for char in check_text(text).decode("utf-8"))


def to_spki(public_key):
    return public_key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def from_spki(spki):
    """The library is lenient: its own strict DER of the key must equal the received bytes."""
    if len(spki) > SPKI_LIMIT:
        raise Refused("the public key is too long")
    try:
        key = serialization.load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm):
        raise Refused("the public key cannot be read") from None
    if not isinstance(key, rsa.RSAPublicKey) or to_spki(key) != spki:
        raise Refused("the public key is not an rsaEncryption key in strict DER")
    if not 2048 <= key.key_size <= 4096:
        raise Refused(f"the public key has a modulus of {key.key_size} bits")
    numbers = key.public_numbers()
    if numbers.e != 65537:
        raise Refused("the public key has another exponent than 65537")
    if numbers.n % 2 == 0:
        raise Refused("the public key has an even modulus")
    return key


# --- Messages of the handshake -------------------------------------------------------------------


class Credentials(NamedTuple):
    """What a side proves: an identity, or a pre-shared key. The salt is that key, or zeros."""

    mode: bytes
    id: bytes
    salt: bytes
    identity: Optional[rsa.RSAPrivateKey]


def identity_credentials(private_key):
    return Credentials(IDENTITY_MODE, b"", bytes(32), private_key)


def pre_shared_credentials(id, key):
    if not 1 <= len(id) <= 64:
        raise Refused("the id of a pre-shared key has 1 to 64 bytes")
    if len(key) != 32:
        raise Refused("a pre-shared key has exactly 32 bytes")
    return Credentials(PRE_SHARED_MODE, id, key, None)


def to_point(private_key):
    return private_key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def from_point(point):
    if len(point) != 65 or point[0] != 4:
        raise Refused("the point is not an uncompressed one")
    if any(int.from_bytes(half, "big") >= FIELD_PRIME for half in (point[1:33], point[33:])):
        raise Refused("the point has a coordinate that is not below p")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)
    except ValueError:
        raise Refused("the point is not on the curve") from None


def make_hello(mode, id, point, random):
    return fields(VERSION, mode, SUITE, id, point, random)


def open_hello(hello):
    """Mode, id and point of a hello that is well-formed in itself."""
    version, mode, suite, id, point, random = parse_fields(hello, 6)
    if version != VERSION:
        raise Refused("the peer speaks another version")
    if mode not in (IDENTITY_MODE, PRE_SHARED_MODE) or suite != SUITE:
        raise Refused("the peer wants an unknown mode or suite")
    if not (len(id) == 0 if mode == IDENTITY_MODE else 1 <= len(id) <= 64):
        raise Refused("the id of the hello has a wrong length")
    if len(random) != 32:
        raise Refused("the random of the hello has not 32 bytes")
    from_point(point)
    return mode, id, point


def agree(ephemeral, peer_point):
    if peer_point == to_point(ephemeral):
        raise Refused("the peer shows our own point")
    return ephemeral.exchange(ec.ECDH(), from_point(peer_point))


def check_hint(server_hello):
    """A reason to refuse instead of a hello; it is not authenticated."""
    if server_hello.startswith(fields(b"refused")):
        _, reason = parse_fields(server_hello, 2)
        raise Refused(f"the server seems to refuse (unproven): {printable(reason)}")


# --- Key schedule --------------------------------------------------------------------------------


class Keys(NamedTuple):
    key: bytes
    iv: bytes
    # of handshake keys, the finished key; of application keys, the secret of the next ones
    secret: bytes


def to_keys(data):
    return Keys(data[:32], data[32:44], data[44:76])


def transcript_1(client_hello, server_hello):
    return sha256(fields(label("hellos"), client_hello, server_hello))


def transcript_2(transcript, server_proof):
    return sha256(fields(label("server proof"), transcript, server_proof))


def transcript_3(transcript, client_proof):
    return sha256(fields(label("client proof"), transcript, client_proof))


def handshake_keys(shared, salt, transcript):
    data = hkdf(shared, salt, fields(label("handshake keys"), transcript), 152)
    return to_keys(data[:76]), to_keys(data[76:])


def application_keys(shared, salt, transcript):
    data = hkdf(shared, salt, fields(label("application keys"), transcript), 184)
    return to_keys(data[:76]), to_keys(data[76:152]), data[152:]


# --- Proofs --------------------------------------------------------------------------------------


def signed_by(role, transcript, spki):
    return label(f"{role} signature"), transcript, spki


def proof_mac(role, keys, transcript, spki, signature):
    return hmac_sha256(keys.secret, label(f"{role} MAC"), transcript, spki, signature)


def make_proof(role, credentials, keys, transcript):
    spki = signature = b""
    if credentials.mode == IDENTITY_MODE:
        spki = to_spki(credentials.identity.public_key())
        signature = pss_sign(credentials.identity, *signed_by(role, transcript, spki))
    mac = proof_mac(role, keys, transcript, spki, signature)
    return seal(keys, 0, PROOF, fields(spki, signature, mac))


def open_proof(role, credentials, keys, transcript, proof):
    """Verify the proof of the peer, which has this role and the mode of these own credentials."""
    record_type, content = unseal(keys, 0, proof)
    if record_type != PROOF:
        raise Refused("the proof is a record of another type")
    spki, signature, mac = parse_fields(content, 3)
    if not hmac.compare_digest(mac, proof_mac(role, keys, transcript, spki, signature)):
        raise Refused("the MAC of the proof is wrong")
    if credentials.mode == PRE_SHARED_MODE:
        if spki or signature:
            raise Refused("the proof of a pre-shared key holds a public key or a signature")
        return
    pss_verify(from_spki(spki), signature, *signed_by(role, transcript, spki))
    if spki == to_spki(credentials.identity.public_key()):
        raise Refused("the peer shows our own key")


# --- Records -------------------------------------------------------------------------------------


def nonce(keys, number):
    mask = bytes(4) + number.to_bytes(8, "big")
    return bytes(a ^ b for a, b in zip(keys.iv, mask))


def additional_data(size, record_type):
    return uint32(size) + record_type


def seal(keys, number, record_type, content):
    aad = additional_data(1 + len(content) + 16, record_type)
    return record_type + AESGCM(keys.key).encrypt(nonce(keys, number), content, aad)


def unseal(keys, number, record):
    if len(record) < 17:
        raise Refused("a record is too short")
    record_type, sealed = record[:1], record[1:]
    try:
        aad = additional_data(len(record), record_type)
        return record_type, AESGCM(keys.key).decrypt(nonce(keys, number), sealed, aad)
    except InvalidTag:
        raise Refused("a record does not open") from None


def next_keys(keys):
    return to_keys(hkdf(keys.secret, bytes(32), fields(label("rekey")), 76))


class Direction:
    """The records of one direction under application keys."""

    def __init__(self, keys):
        self.keys = keys
        self.number = 0

    def _next_number(self):
        number = self.number
        if number > 0 and number % REKEY_INTERVAL == 0:
            self.keys = next_keys(self.keys)
        self.number += 1
        return number

    def seal(self, record_type, content=b""):
        number = self._next_number()
        return seal(self.keys, number, record_type, content)

    def unseal(self, record):
        number = self._next_number()
        return unseal(self.keys, number, record)


# --- Exported keys -------------------------------------------------------------------------------


def export_key(exporter_secret, purpose, context, length):
    info = fields(label("exporter"), purpose, context, uint32(length))
    return hkdf(exporter_secret, bytes(32), info, length)


# --- The handshake over a transport --------------------------------------------------------------


class Transport:
    """Whole messages over TCP."""

    def __init__(self, connection, stream):
        self.connection = connection
        self.stream = stream

    def send(self, message):
        self.connection.sendall(frame(message))

    def receive(self, limit):
        return read_frame(self.stream, limit)

    def finish(self):
        """Nothing may follow a close, in either direction."""
        self.connection.shutdown(socket.SHUT_WR)
        if self.stream.read(1):
            raise Refused("something follows the close")


class Channel(NamedTuple):
    transport: Transport
    sending: Direction
    receiving: Direction
    exporter_secret: bytes

    def send(self, record_type, content=b""):
        record = self.sending.seal(record_type, content)
        if len(record) > RECORD_LIMIT:
            raise Refused(f"a record of {len(record)} bytes is over the limit of {RECORD_LIMIT}")
        self.transport.send(record)

    def receive(self):
        """A message, or None when the peer closes."""
        record_type, content = self.receiving.unseal(self.transport.receive(RECORD_LIMIT))
        if record_type == MESSAGE:
            return content
        if record_type == CLOSE and not content:
            return None
        raise Refused("a record of a type, or with a content, that does not belong here")


def connect_channel(transport, credentials):
    ephemeral = ec.generate_private_key(CURVE)
    client_hello = make_hello(credentials.mode, credentials.id, to_point(ephemeral), os.urandom(32))
    transport.send(client_hello)
    server_hello = transport.receive(HANDSHAKE_LIMIT)
    check_hint(server_hello)
    mode, id, server_point = open_hello(server_hello)
    if (mode, id) != (credentials.mode, credentials.id):
        raise Refused("the server's hello does not repeat the client's mode and id")
    shared = agree(ephemeral, server_point)

    transcript = transcript_1(client_hello, server_hello)
    client_keys, server_keys = handshake_keys(shared, credentials.salt, transcript)
    server_proof = transport.receive(HANDSHAKE_LIMIT)
    open_proof("server", credentials, server_keys, transcript, server_proof)
    transcript = transcript_2(transcript, server_proof)
    client_proof = make_proof("client", credentials, client_keys, transcript)
    transport.send(client_proof)
    transcript = transcript_3(transcript, client_proof)

    client_keys, server_keys, exporter_secret = application_keys(shared, credentials.salt, transcript)
    channel = Channel(transport, Direction(client_keys), Direction(server_keys), exporter_secret)
    await_ready(channel)
    return channel


def await_ready(channel):
    record_type, content = channel.receiving.unseal(channel.transport.receive(HANDSHAKE_LIMIT))
    if record_type == REFUSED:
        raise Refused(f"the server refuses: {printable(content)}")
    if record_type != READY or content:
        raise Refused("the server's first record is neither ready nor refused")


def accept_channel(transport, credentials):
    client_hello = transport.receive(HANDSHAKE_LIMIT)
    mode, id, client_point = open_hello(client_hello)
    if mode != credentials.mode:
        raise Refused("the client wants the other mode")
    salt = credentials.salt if id == credentials.id else os.urandom(32)
    ephemeral = ec.generate_private_key(CURVE)
    shared = agree(ephemeral, client_point)
    server_hello = make_hello(mode, id, to_point(ephemeral), os.urandom(32))

    transcript = transcript_1(client_hello, server_hello)
    client_keys, server_keys = handshake_keys(shared, salt, transcript)
    server_proof = make_proof("server", credentials, server_keys, transcript)
    transport.send(server_hello)
    transport.send(server_proof)
    transcript = transcript_2(transcript, server_proof)
    client_proof = transport.receive(HANDSHAKE_LIMIT)
    open_proof("client", credentials, client_keys, transcript, client_proof)
    transcript = transcript_3(transcript, client_proof)

    client_keys, server_keys, exporter_secret = application_keys(shared, salt, transcript)
    channel = Channel(transport, Direction(server_keys), Direction(client_keys), exporter_secret)
    channel.send(READY)
    return channel


# --- A conversation ------------------------------------------------------------------------------


def show(text):
    sys.stdout.buffer.write(b"Received message: " + check_text(text) + b"\n")
    sys.stdout.buffer.flush()


def talk_as_client(channel, texts):
    for text in texts:
        channel.send(MESSAGE, text)
        answer = channel.receive()
        if answer is None:
            raise Refused("the server closes without an answer")
        show(answer)
    channel.send(CLOSE)
    if channel.receive() is not None:
        raise Refused("the server answers a close with a message")


def talk_as_server(channel, texts):
    message = channel.receive()
    while message is not None:
        show(message)
        channel.send(MESSAGE, texts[0])
        message = channel.receive()
    channel.send(CLOSE)


def accept_one(port):
    with socket.create_server((HOST, port)) as listener:
        print(f"Listening on {HOST}:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
        return listener.accept()[0]


def run(role, port, credentials, texts):
    is_server = role == "server"
    with accept_one(port) if is_server else socket.create_connection((HOST, port), TIMEOUT) as connection:
        connection.settimeout(TIMEOUT)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection.makefile("rb") as stream:
            transport = Transport(connection, stream)
            if is_server:
                talk_as_server(accept_channel(transport, credentials), texts)
            else:
                talk_as_client(connect_channel(transport, credentials), texts)
            transport.finish()


# --- The worked examples: everything again, with the keys, randoms and signatures of lib/vectors -


class Example:
    """The values of one example, each of which must be used."""

    def __init__(self, name, vectors):
        self.name = name
        values = {**vectors["common"], **vectors[name]}
        self.values = {key: bytes.fromhex(value) for key, value in values.items()}
        self.unused = set(self.values)

    def take(self, name):
        self.unused.discard(name)
        if name not in self.values:
            raise Refused(f"{self.name}: the vectors lack a value: {name}")
        return self.values[name]

    def check(self, name, found):
        if found != self.take(name):
            raise Refused(f"{self.name}: {name}: not the value of the vectors")
        print(f"ok: {self.name}: {name}")

    def finish(self):
        if self.unused:
            raise Refused(f"{self.name}: not checked: {', '.join(sorted(self.unused))}")


def example_key(example, role):
    return ec.derive_private_key(int.from_bytes(example.take(f"{role} private key"), "big"), CURVE)


def check_hellos(example, mode, id):
    client, server = example_key(example, "client"), example_key(example, "server")
    client_hello = make_hello(mode, id, to_point(client), example.take("client random"))
    server_hello = make_hello(mode, id, to_point(server), example.take("server random"))
    example.check("client hello", client_hello)
    example.check("server hello", server_hello)
    example.check("shared secret", agree(client, open_hello(server_hello)[2]))
    example.check("shared secret", agree(server, open_hello(client_hello)[2]))
    return transcript_1(client_hello, server_hello)


def check_proof(example, role, mode, keys, transcript):
    """A signature cannot be made again, but verified; all the rest of the proof can be made."""
    spki = signature = b""
    if mode == IDENTITY_MODE:
        spki, signature = example.take(f"{role} SPKI"), example.take(f"{role} signature")
        pss_verify(from_spki(spki), signature, *signed_by(role, transcript, spki))
        print(f"ok: {example.name}: {role} signature, verified")
    mac = proof_mac(role, keys, transcript, spki, signature)
    example.check(f"{role} MAC", mac)
    proof = seal(keys, 0, PROOF, fields(spki, signature, mac))
    example.check(f"{role} proof", proof)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048) if spki else None
    open_proof(role, Credentials(mode, b"", b"", other), keys, transcript, proof)
    print(f"ok: {example.name}: {role} proof, verified as its receiver does")
    return proof


def check_records(example, client_keys, server_keys):
    sealing = {"client": Direction(client_keys), "server": Direction(server_keys)}
    opening = {"client": Direction(client_keys), "server": Direction(server_keys)}
    for name, role, record_type, content in (
        ("ready", "server", READY, b""),
        ("client says hello", "client", MESSAGE, b"hello"),
        ("server says world", "server", MESSAGE, b"world"),
        ("client closes", "client", CLOSE, b""),
        ("server closes", "server", CLOSE, b""),
    ):
        record = sealing[role].seal(record_type, content)
        example.check(name, record)
        if opening[role].unseal(record) != (record_type, content):
            raise Refused(f"{example.name}: {name}: does not open again")
    example.check("next client keys", b"".join(next_keys(client_keys)))


def check_example(example, mode, id, salt):
    one = check_hellos(example, mode, id)
    example.check("transcript 1", one)
    shared = example.take("shared secret")
    client_keys, server_keys = handshake_keys(shared, salt, one)
    example.check("client handshake keys", b"".join(client_keys))
    example.check("server handshake keys", b"".join(server_keys))
    two = transcript_2(one, check_proof(example, "server", mode, server_keys, one))
    example.check("transcript 2", two)
    three = transcript_3(two, check_proof(example, "client", mode, client_keys, two))
    example.check("transcript 3", three)
    client_keys, server_keys, exporter_secret = application_keys(shared, salt, three)
    example.check("client application keys", b"".join(client_keys))
    example.check("server application keys", b"".join(server_keys))
    example.check("exporter secret", exporter_secret)
    check_records(example, client_keys, server_keys)
    example.check("exported key", export_key(exporter_secret, b"example", b"context", 32))
    example.finish()


def check_examples(folder):
    with open(os.path.join(folder, "channel.json"), encoding="utf-8") as file:
        vectors = json.load(file)
    example = Example("pre-shared key", vectors)
    check_example(example, PRE_SHARED_MODE, example.take("id"), example.take("pre-shared key"))
    check_example(Example("identities", vectors), IDENTITY_MODE, b"", bytes(32))


# --- The command line ----------------------------------------------------------------------------


USAGE = (
    "usage: channel_peer.py server PORT KEY.pem TEXT, or client PORT KEY.pem TEXT..., "
    "or examples FOLDER; --psk-id HEX --psk HEX instead of KEY.pem"
)


def take_option(arguments, name):
    if name not in arguments:
        return None
    at = arguments.index(name)
    if at + 1 == len(arguments) or not re.fullmatch(r"(?:[0-9A-Fa-f]{2})*", arguments[at + 1]):
        raise Refused(f"{name} needs hexadecimal digits")
    _, digits = arguments[at : at + 2]
    del arguments[at : at + 2]
    return bytes.fromhex(digits)


def read_port(argument):
    if not re.fullmatch(r"[0-9]{1,5}", argument) or int(argument) > 65535:
        raise Refused(USAGE)
    return int(argument)


def read_text(argument):
    return check_text(sys.stdin.buffer.read() if argument == "-" else os.fsencode(argument))


def read_identity(path):
    with open(path, "rb") as file:
        pem = file.read()
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Refused(f"{path}: not an unencrypted private key in PEM") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Refused(f"{path}: not an RSA key")
    from_spki(to_spki(key.public_key()))
    return key


def main(arguments):
    id, key = take_option(arguments, "--psk-id"), take_option(arguments, "--psk")
    if (id is None) != (key is None) or len(arguments) < 2:
        raise Refused(USAGE)
    role, rest = arguments[0], arguments[2:]
    if role == "examples" and not rest and id is None:
        return check_examples(arguments[1])
    port = read_port(arguments[1])
    if id is not None:
        credentials = pre_shared_credentials(id, key)
    elif rest:
        credentials = identity_credentials(read_identity(rest.pop(0)))
    if not rest or role not in ("server", "client") or (role == "server" and len(rest) != 1):
        raise Refused(USAGE)
    run(role, port, credentials, [read_text(text) for text in rest])


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (Refused, OSError, ValueError) as error:
        sys.exit(f"Error: {error}")
