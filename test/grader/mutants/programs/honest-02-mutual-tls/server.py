import socket
import ssl
import sys

_, port, name, reply = sys.argv
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(name + ".pem", name + ".key")
context.load_verify_locations("client.pem")
context.verify_mode = ssl.CERT_REQUIRED
listener = socket.create_server(("127.0.0.1", int(port)))
while True:
    connection, _ = listener.accept()
    try:
        with context.wrap_socket(connection, server_side=True) as tls:
            line = tls.makefile(encoding="utf-8", newline="\n").readline()
            if not line.endswith("\n"):
                raise ssl.SSLError("the message was cut short")
            print("Received:", line, end="")
            tls.sendall((reply + "\n").encode())
    except OSError as error:
        print("refused:", error, file=sys.stderr)
