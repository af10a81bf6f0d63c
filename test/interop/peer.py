"""An independent peer for parts 1 and 2, written from the specification page alone.

    python3 peer.py part1|part2 server PORT TEXT     serve one exchange on 127.0.0.1 (port 0: any free one)
    python3 peer.py part1|part2 client PORT TEXT     send TEXT, receive the reply
    python3 peer.py examples FOLDER                  recompute the worked examples in lib/vectors

TEXT `-` reads the text from standard input. Needs Python 3.9 and the `cryptography` package (38 or later).
The functions are in the order of the page. Fingerprints are not compared: this is for tests, not for secrets.
"""

import base64
import hashlib
import hmac
import io
import json
import os
import re
import socket
import sys
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes, padding as block_padding, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

HOST = "127.0.0.1"
TIMEOUT = 10  # seconds, for every operation on a connection

HELLO_LIMIT = 8192
SPKI_LIMIT = 550
FRAME_LIMIT = {"part1": 24_576, "part2": 2_097_152}
TEXT_LIMIT = {"part1": 16_384, "part2": 1_048_576}

TO_SERVER = b"client to server"
TO_CLIENT = b"server to client"


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
        raise Refused("the stream ends inside a frame")
    return data


def read_frame(stream, limit):
    size = int.from_bytes(read_exactly(stream, 4), "big")
    if size > limit:
        raise Refused(f"a frame of {size} bytes is over the limit of {limit}")
    return read_exactly(stream, size)


def read_last_frame(stream, limit):
    payload = read_frame(stream, limit)
    if stream.read(1):
        raise Refused("something follows the last frame")
    return payload


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


# --- Algorithms, all with SHA-256 ----------------------------------------------------------------


def sha256(data):
    return hashlib.sha256(data).digest()


def pss_padding():
    return padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)


def pss_sign(private_key, *values):
    return private_key.sign(fields(*values), pss_padding(), hashes.SHA256())


def pss_verify(public_key, signature, *values):
    try:
        public_key.verify(signature, fields(*values), pss_padding(), hashes.SHA256())
    except InvalidSignature:
        raise Refused("the signature is wrong") from None


def oaep_padding(label):
    return padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=label)


def oaep_encrypt(public_key, data, label=None):
    return public_key.encrypt(data, oaep_padding(label))


def oaep_decrypt(private_key, block, label=None):
    try:
        return private_key.decrypt(block, oaep_padding(label))
    except ValueError:
        raise Refused("an RSA block cannot be decrypted") from None


def fernet_encrypt(key, text):
    return Fernet(base64.urlsafe_b64encode(key)).encrypt(text)


def fernet_decrypt(key, token):
    """Python's base64 ignores foreign characters; the padded base64url form has exactly one spelling."""
    try:
        if base64.urlsafe_b64encode(base64.urlsafe_b64decode(token)) != token:
            raise Refused("the token is not padded base64url")
        return Fernet(base64.urlsafe_b64encode(key)).decrypt(token)
    except (ValueError, InvalidToken):
        raise Refused("the token cannot be decrypted") from None


# --- Texts and public keys -----------------------------------------------------------------------


def check_text(part, text):
    if len(text) > TEXT_LIMIT[part]:
        raise Refused(f"a text of {len(text)} bytes is over the limit of {TEXT_LIMIT[part]}")
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("the text is not UTF-8") from None
    return text


def new_key_pair():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def modulus_bytes(key):
    return (key.key_size + 7) // 8


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


# --- The session ---------------------------------------------------------------------------------


class Session(NamedTuple):
    own_key: rsa.RSAPrivateKey
    peer_key: rsa.RSAPublicKey
    id: bytes


def version_of(part):
    return f"sml/{part}/v1".encode("ascii")


def make_hello(part, random, public_key):
    return fields(version_of(part), random, to_spki(public_key))


def open_hello(part, hello, own_public_key):
    version, random, spki = parse_fields(hello, 3)
    if version != version_of(part):
        raise Refused("the peer speaks another version")
    if len(random) != 32:
        raise Refused("the random of the hello has not 32 bytes")
    peer_key = from_spki(spki)
    if spki == to_spki(own_public_key):
        raise Refused("the peer shows our own key")
    return peer_key


def session_id(part, client_hello, server_hello):
    return sha256(fields(version_of(part) + b"/session", client_hello, server_hello))


def open_session(part, role, connection, stream):
    own_key = new_key_pair()
    own_hello = make_hello(part, os.urandom(32), own_key.public_key())
    connection.sendall(frame(own_hello))
    peer_hello = read_frame(stream, HELLO_LIMIT)
    peer_key = open_hello(part, peer_hello, own_key.public_key())
    hellos = (own_hello, peer_hello) if role == "client" else (peer_hello, own_hello)
    return Session(own_key, peer_key, session_id(part, *hellos))


def send_last_frame(connection, payload):
    connection.sendall(frame(payload))
    connection.shutdown(socket.SHUT_WR)


# --- Part 1: a message in pure RSA ---------------------------------------------------------------


def part1_signed(direction, session, text):
    return b"sml/part1/v1/message", direction, session.id, text


def stretches(data, size):
    return [data[start : start + size] for start in range(0, len(data), size)]


def make_message(session, direction, text):
    signature = pss_sign(session.own_key, *part1_signed(direction, session, text))
    pieces = stretches(fields(signature, text), modulus_bytes(session.peer_key) - 66)
    return b"".join(oaep_encrypt(session.peer_key, piece) for piece in pieces)


def open_message(session, direction, message):
    size = modulus_bytes(session.own_key)
    pieces = [oaep_decrypt(session.own_key, block) for block in stretches(message, size)]
    signed_text = b"".join(pieces)
    if pieces != stretches(signed_text, size - 66):
        raise Refused("the signed text is not cut as it should be")
    signature, text = parse_fields(signed_text, 2)
    pss_verify(session.peer_key, signature, *part1_signed(direction, session, text))
    return check_text("part1", text)


# --- Part 2: a Fernet key wrapped with RSA -------------------------------------------------------


def key_label(session):
    return sha256(fields(b"sml/part2/v1/key", session.id)).hex().encode("ascii")


def request_signed(session, wrapped_key, token):
    return b"sml/part2/v1/request", TO_SERVER, session.id, wrapped_key, token


def reply_signed(session, request, token):
    return b"sml/part2/v1/reply", TO_CLIENT, session.id, sha256(request), token


def make_request(session, key, text):
    wrapped_key = oaep_encrypt(session.peer_key, key, key_label(session))
    token = fernet_encrypt(key, text)
    signature = pss_sign(session.own_key, *request_signed(session, wrapped_key, token))
    return fields(wrapped_key, token, signature)


def open_request(session, request):
    wrapped_key, token, signature = parse_fields(request, 3)
    pss_verify(session.peer_key, signature, *request_signed(session, wrapped_key, token))
    key = oaep_decrypt(session.own_key, wrapped_key, key_label(session))
    if len(key) != 32:
        raise Refused("the Fernet key has not 32 bytes")
    return key, check_text("part2", fernet_decrypt(key, token))


def make_reply(session, request, key, text):
    token = fernet_encrypt(key, text)
    signature = pss_sign(session.own_key, *reply_signed(session, request, token))
    return fields(token, signature)


def open_reply(session, request, key, reply):
    token, signature = parse_fields(reply, 2)
    pss_verify(session.peer_key, signature, *reply_signed(session, request, token))
    return check_text("part2", fernet_decrypt(key, token))


# --- The exchange --------------------------------------------------------------------------------


def client_part1(session, connection, stream, text):
    send_last_frame(connection, make_message(session, TO_SERVER, text))
    return open_message(session, TO_CLIENT, read_last_frame(stream, FRAME_LIMIT["part1"]))


def server_part1(session, connection, stream, text):
    received = open_message(session, TO_SERVER, read_last_frame(stream, FRAME_LIMIT["part1"]))
    send_last_frame(connection, make_message(session, TO_CLIENT, text))
    return received


def client_part2(session, connection, stream, text):
    key = os.urandom(32)
    request = make_request(session, key, text)
    send_last_frame(connection, request)
    return open_reply(session, request, key, read_last_frame(stream, FRAME_LIMIT["part2"]))


def server_part2(session, connection, stream, text):
    request = read_last_frame(stream, FRAME_LIMIT["part2"])
    key, received = open_request(session, request)
    send_last_frame(connection, make_reply(session, request, key, text))
    return received


EXCHANGES = {
    ("part1", "client"): client_part1,
    ("part1", "server"): server_part1,
    ("part2", "client"): client_part2,
    ("part2", "server"): server_part2,
}


def accept_one(port):
    with socket.create_server((HOST, port)) as listener:
        print(f"Listening on {HOST}:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
        return listener.accept()[0]


def connect(role, port):
    return accept_one(port) if role == "server" else socket.create_connection((HOST, port), TIMEOUT)


def run_exchange(part, role, port, text):
    check_text(part, text)
    with connect(role, port) as connection:
        connection.settimeout(TIMEOUT)
        with connection.makefile("rb") as stream:
            session = open_session(part, role, connection, stream)
            received = EXCHANGES[part, role](session, connection, stream, text)
    sys.stdout.buffer.write(b"Received message: " + received + b"\n")
    sys.stdout.buffer.flush()


# --- The worked examples: everything again, with the salts, seeds and IVs of lib/vectors ---------


def xor(left, right):
    return bytes(a ^ b for a, b in zip(left, right))


def mgf1(seed, size):
    return b"".join(sha256(seed + uint32(count)) for count in range(size // 32 + 1))[:size]


def pss_with_salt(private_key, data, salt):
    """RFC 8017 §8.1.1 and §9.1.1, for a modulus of whole bytes. For tests only: `pow` is not constant-time."""
    numbers = private_key.private_numbers()
    modulus = numbers.public_numbers.n
    size = modulus_bytes(private_key)
    digest = sha256(bytes(8) + sha256(data) + salt)
    masked = xor(bytes(size - 66) + b"\x01" + salt, mgf1(digest, size - 33))
    encoded = bytes([masked[0] & 0x7F]) + masked[1:] + digest + b"\xbc"
    return pow(int.from_bytes(encoded, "big"), numbers.d, modulus).to_bytes(size, "big")


def oaep_with_seed(public_key, data, seed, label=b""):
    """RFC 8017 §7.1.1."""
    numbers = public_key.public_numbers()
    size = modulus_bytes(public_key)
    block = sha256(label) + bytes(size - len(data) - 66) + b"\x01" + data
    masked = xor(block, mgf1(seed, len(block)))
    encoded = xor(seed, mgf1(masked, 32)) + masked
    return pow(int.from_bytes(encoded, "big"), numbers.e, numbers.n).to_bytes(size, "big")


def fernet_with_iv(key, text, seconds, iv):
    padder = block_padding.PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key[16:]), modes.CBC(iv)).encryptor()
    secret = encryptor.update(padder.update(text) + padder.finalize()) + encryptor.finalize()
    token = b"\x80" + seconds.to_bytes(8, "big") + iv + secret
    return base64.urlsafe_b64encode(token + hmac.digest(key[:16], token, "sha256"))


TEXTS = ("the request's token", "the reply's token", "OAEP label")


def read_vectors(folder, name):
    with open(os.path.join(folder, f"{name}.json"), encoding="utf-8") as file:
        return json.load(file)


def to_bytes(values):
    """Tokens and labels are text, every other value is hexadecimal."""
    return {
        name: value.encode("ascii") if name in TEXTS else bytes.fromhex(value) for name, value in values.items()
    }


def check(part, name, found, expected):
    if found != expected:
        raise Refused(f"{part}: {name}: not the value of the vectors")
    print(f"ok: {part}: {name}")


def check_hellos(part, values, client_key, server_key):
    """The session as each side computes it from what the other one sends."""
    client_stream, server_stream = (
        io.BytesIO(next(value for name, value in values.items() if name.startswith(f"all that the {role} sends")))
        for role in ("client", "server")
    )
    client_hello = make_hello(part, values["client's random"], client_key.public_key())
    server_hello = make_hello(part, values["server's random"], server_key.public_key())
    check(part, "client's hello", read_frame(client_stream, HELLO_LIMIT), client_hello)
    check(part, "server's hello", read_frame(server_stream, HELLO_LIMIT), server_hello)
    check(part, "session", session_id(part, client_hello, server_hello), values["session"])
    at_client = Session(client_key, open_hello(part, server_hello, client_key.public_key()), values["session"])
    at_server = Session(server_key, open_hello(part, client_hello, server_key.public_key()), values["session"])
    return at_client, at_server, client_stream, server_stream


def check_message(values, who, direction, sender, receiver, stream, text):
    signed = part1_signed(direction, sender, text)
    check("part1", f"what the {who} signs", fields(*signed), values[f"what the {who} signs"])
    signature = pss_with_salt(sender.own_key, fields(*signed), values[f"{who}'s salt"])
    check("part1", f"{who}'s signature", signature, values[f"{who}'s signature"])
    signed_text = fields(signature, text)
    check("part1", f"{who}'s signed text", signed_text, values[f"{who}'s signed text"])
    pieces = stretches(signed_text, modulus_bytes(sender.peer_key) - 66)
    seeds = stretches(values[f"{who}'s seeds, one for each block"], 32)
    check("part1", f"number of the {who}'s blocks", len(pieces), len(seeds))
    blocks = [oaep_with_seed(sender.peer_key, piece, seed) for piece, seed in zip(pieces, seeds)]
    message = read_last_frame(stream, FRAME_LIMIT["part1"])
    check("part1", f"{who}'s message", b"".join(blocks), message)
    check("part1", f"{who}'s text, decrypted and verified", open_message(receiver, direction, message), text)


def check_part1(values, client_key, server_key):
    at_client, at_server, client_stream, server_stream = check_hellos("part1", values, client_key, server_key)
    check_message(values, "client", TO_SERVER, at_client, at_server, client_stream, b"ping")
    check_message(values, "server", TO_CLIENT, at_server, at_client, server_stream, b"pong")


def check_request(values, at_client, at_server, seconds, request):
    key = values["Fernet key"]
    token = fernet_with_iv(key, b"ping", seconds, values["IV of the request's token"])
    check("part2", "the request's token", token, values["the request's token"])
    check("part2", "OAEP label", key_label(at_client), values["OAEP label"])
    wrapped_key = oaep_with_seed(at_client.peer_key, key, values["OAEP seed"], key_label(at_client))
    check("part2", "wrapped key", wrapped_key, values["wrapped key"])
    signed = fields(*request_signed(at_client, wrapped_key, token))
    check("part2", "what the client signs", signed, values["what the client signs"])
    signature = pss_with_salt(at_client.own_key, signed, values["client's salt"])
    check("part2", "client's request", fields(wrapped_key, token, signature), request)
    check("part2", "client's key and text, verified and decrypted", open_request(at_server, request), (key, b"ping"))


def check_reply(values, at_client, at_server, seconds, request, reply):
    key = values["Fernet key"]
    token = fernet_with_iv(key, b"pong", seconds, values["IV of the reply's token"])
    check("part2", "the reply's token", token, values["the reply's token"])
    signed = fields(*reply_signed(at_server, request, token))
    check("part2", "what the server signs", signed, values["what the server signs"])
    signature = pss_with_salt(at_server.own_key, signed, values["server's salt"])
    check("part2", "server's reply", fields(token, signature), reply)
    check("part2", "server's text, verified and decrypted", open_reply(at_client, request, key, reply), b"pong")


def check_part2(values, client_key, server_key, seconds):
    at_client, at_server, client_stream, server_stream = check_hellos("part2", values, client_key, server_key)
    request = read_last_frame(client_stream, FRAME_LIMIT["part2"])
    reply = read_last_frame(server_stream, FRAME_LIMIT["part2"])
    check_request(values, at_client, at_server, seconds, request)
    check_reply(values, at_client, at_server, seconds, request, reply)


def check_examples(folder):
    try:
        keys = read_vectors(folder, "keys")
        client_key, server_key = (
            serialization.load_pem_private_key(keys[role]["private key"].encode("ascii"), None)
            for role in ("client", "server")
        )
        check_part1(to_bytes(read_vectors(folder, "part1")), client_key, server_key)
        values = read_vectors(folder, "part2")
        seconds = values.pop("time of both tokens")
        check_part2(to_bytes(values), client_key, server_key, seconds)
    except (KeyError, StopIteration) as error:
        raise Refused(f"the vectors lack a value: {error}") from None


# --- The command line ----------------------------------------------------------------------------


USAGE = "usage: peer.py part1|part2 server|client PORT TEXT, or peer.py examples FOLDER"


def read_port(argument):
    if not re.fullmatch(r"[0-9]{1,5}", argument) or int(argument) > 65535:
        raise Refused(USAGE)
    return int(argument)


def read_text(argument):
    return sys.stdin.buffer.read() if argument == "-" else os.fsencode(argument)


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "examples":
        check_examples(arguments[1])
    elif len(arguments) == 4 and tuple(arguments[:2]) in EXCHANGES:
        part, role, port, text = arguments
        run_exchange(part, role, read_port(port), read_text(text))
    else:
        raise Refused(USAGE)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (Refused, OSError, ValueError) as error:
        sys.exit(f"Error: {error}")
