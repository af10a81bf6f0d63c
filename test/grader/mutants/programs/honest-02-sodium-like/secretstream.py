"""X25519, Ed25519 and ChaCha20-Poly1305: messages in boxes, one after the other."""
import asyncio
import hashlib
import os
import pathlib
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

RAW = (Encoding.Raw, PublicFormat.Raw)
MAX = 1 << 21


def load_identity(path):
    path = pathlib.Path(path)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()).hex())
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text()))


def blake(*parts):
    return hashlib.blake2b(b"".join(len(p).to_bytes(4, "little") + p for p in parts), digest_size=32).digest()


class SecretStream:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.counters = [0, 0]

    async def handshake(self, identity, initiator, accept):
        ephemeral = X25519PrivateKey.generate()
        mine = ephemeral.public_key().public_bytes(*RAW)
        self.writer.write(mine)
        theirs = await self.reader.readexactly(32)
        if mine == theirs:
            raise ValueError("my own key")
        first, second = (mine, theirs) if initiator else (theirs, mine)
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(theirs))
        keys = blake(b"initiator", shared, first, second), blake(b"responder", shared, first, second)
        self.seal_box, self.open_box = [ChaCha20Poly1305(k) for k in (keys if initiator else keys[::-1])]
        me = identity.public_key().public_bytes(*RAW)
        role, other = (b"I", b"R") if initiator else (b"R", b"I")
        if initiator:
            await self.check(accept, other + first + second)
        await self.push(me + identity.sign(role + first + second + me))
        if not initiator:
            await self.check(accept, other + first + second)

    async def check(self, accept, context):
        proof = await self.pull()
        self.peer = proof[:32]
        Ed25519PublicKey.from_public_bytes(self.peer).verify(proof[32:], context + self.peer)
        accept(self.peer.hex())

    def nonce(self, way):
        self.counters[way] += 1
        return self.counters[way].to_bytes(12, "little")

    async def push(self, message):
        sealed = self.seal_box.encrypt(self.nonce(0), message, None)
        header = len(sealed).to_bytes(4, "little")
        self.writer.write(header + sealed)
        await self.writer.drain()

    async def pull(self):
        size = int.from_bytes(await self.reader.readexactly(4), "little")
        if size > MAX:
            raise ValueError("too big")
        return self.open_box.decrypt(self.nonce(1), await self.reader.readexactly(size), None)
