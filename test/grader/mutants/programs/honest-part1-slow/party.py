import secrets
import rsa


class Party:
    def __init__(self, sock, key):
        self.stream = sock.makefile("rwb")
        self.key = key
        self.mine = f"{key.n:x} {secrets.token_hex(16)}\n".encode()

    def tell(self, line):
        self.stream.write(line)
        self.stream.flush()

    def hear(self):
        line = self.stream.readline(500_000)
        if not line.endswith(b"\n"):
            raise SystemExit("The other side has gone.")
        return line

    def swap_keys(self, first):
        self.tell(self.mine)
        self.theirs = self.hear()
        self.n = int(self.theirs.split()[0], 16)
        if not 2000 <= self.n.bit_length() <= 8192 or self.n == self.key.n:
            raise SystemExit("I do not like that key.")
        self.session = self.mine + self.theirs if first else self.theirs + self.mine

    def send(self, who, text):
        data = text.encode()
        data = rsa.sign(self.key, who + self.session + data) + data
        blocks = [rsa.encrypt(self.n, data[i : i + 180]) for i in range(0, len(data), 180)]
        self.tell(b"".join(blocks).hex().encode() + b"\n")

    def receive(self, who):
        try:
            data = bytes.fromhex(self.hear().decode().strip())
            data = b"".join(rsa.decrypt(self.key, data[i : i + 256]) for i in range(0, len(data), 256))
            size = (self.n.bit_length() + 7) // 8
            rsa.verify(self.n, who + self.session + data[size:], data[:size])
            return data[size:].decode()
        except ValueError as error:
            raise SystemExit(f"I do not believe this message: {error}")
