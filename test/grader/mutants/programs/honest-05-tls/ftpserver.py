"""A small FTP server (RFC 959, 4217): USER PASS TYPE PASV STOR RETR NLST QUIT, after AUTH TLS and PROT P."""
import hmac
import os
import socket
import ssl
import sys
import threading

PORT, NAME = int(sys.argv[1]), sys.argv[2]
ROOT = os.path.realpath("files")
USERS = {"alice": "wonderland-2026"}
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(NAME + ".pem", NAME + ".key")
# Python sets this by default: any end of the connection would be the end of the file
context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF


class Session:
    def __init__(self, sock):
        self.sock, self.user, self.passive, self.protected = sock, None, None, False
        self.secure, self.in_ = False, b""

    def say(self, line):
        self.sock.sendall(line.encode() + b"\r\n")

    def line(self):
        while b"\r\n" not in self.in_:
            data = self.sock.recv(4096)
            if not data or len(self.in_) > 4096:
                raise EOFError
            self.in_ += data
        line, _, self.in_ = self.in_.partition(b"\r\n")
        return line.decode()

    def place(self, name):
        path = os.path.realpath(os.path.join(ROOT, name))
        if os.path.dirname(path) != ROOT or os.path.basename(path).startswith("."):
            raise PermissionError
        return path

    def data(self):
        """The data connection, once it is encrypted."""
        listener, self.passive = self.passive, None
        self.say("150 here it comes")
        listener.settimeout(10)
        with listener:
            sock, _ = listener.accept()
        sock.settimeout(30)
        return context.wrap_socket(sock, server_side=True, suppress_ragged_eofs=False)

    def run(self):
        self.say("220 ready")
        name = ""
        while True:
            verb, _, rest = self.line().partition(" ")
            verb = verb.upper()
            if verb == "QUIT":
                return self.say("221 bye")
            if verb == "AUTH" and rest == "TLS" and not self.secure:
                self.say("234 go on")
                self.in_ = b""
                self.sock = context.wrap_socket(self.sock, server_side=True)
                self.secure = True
            elif verb == "PBSZ" and self.secure:
                self.say("200 PBSZ=0")
            elif verb == "PROT" and self.secure:
                self.protected = rest == "P"
                self.say("200 as you say" if self.protected else "536 P or nothing")
            elif not self.secure:
                self.say("530 encrypt first")
            elif verb == "USER":
                name = rest
                self.say("331 and the password?")
            elif verb == "PASS":
                right = hmac.compare_digest(USERS.get(name, "").encode(), rest.encode()) and name in USERS
                self.user = name if right else None
                self.say("230 welcome" if right else "530 no")
            elif not self.user or not self.protected:
                self.say("530 log in, and PROT P")
            elif verb == "TYPE":
                self.say("200 bytes, whatever you say")
            elif verb == "PASV":
                self.passive = socket.create_server(("127.0.0.1", 0))
                high, low = divmod(self.passive.getsockname()[1], 256)
                self.say(f"227 Entering Passive Mode (127,0,0,1,{high},{low})")
            elif verb in ("STOR", "RETR", "NLST") and self.passive:
                self.transfer(verb, rest)
            else:
                self.say("502 what?")

    def transfer(self, verb, name):
        try:
            path = self.place(name) if verb != "NLST" else ROOT
            if verb == "RETR" and not os.path.isfile(path):
                raise FileNotFoundError
        except OSError:
            self.passive.close()
            self.passive = None
            return self.say("550 no such file")
        try:
            if verb == "STOR":
                self.store(path)
            else:
                data = self.data()
                if verb == "RETR":
                    with open(path, "rb") as file:
                        data.sendfile(file)
                else:
                    names = [n for n in os.listdir(ROOT) if not n.startswith(".")]
                    data.sendall("".join(n + "\r\n" for n in sorted(names)).encode())
                data.unwrap().close()
            self.say("226 done")
        except (OSError, EOFError) as error:
            print("transfer of", name, "failed:", error, flush=True)
            self.say("426 it broke")

    def store(self, path):
        data = self.data()
        temporary = os.path.join(ROOT, f".part-{threading.get_ident()}")
        try:
            with open(temporary, "wb") as file:
                while chunk := data.recv(65536):
                    file.write(chunk)
            try:
                data.unwrap().close()
            except OSError:
                pass
            os.replace(temporary, path)
        finally:
            if os.path.exists(temporary):
                os.unlink(temporary)
            data.close()


def serve(sock, address):
    sock.settimeout(60)
    try:
        Session(sock).run()
    except Exception as error:
        print(address, repr(error), flush=True)
    finally:
        sock.close()


listener = socket.create_server(("127.0.0.1", PORT), backlog=128)
print("FTP on port", PORT, flush=True)
while True:
    threading.Thread(target=serve, args=listener.accept(), daemon=True).start()
