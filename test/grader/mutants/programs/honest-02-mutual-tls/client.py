import socket
import ssl
import sys

_, host, port, message = sys.argv
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.load_verify_locations("server.pem")
context.load_cert_chain("client.pem", "client.key")
with context.wrap_socket(socket.create_connection((host, int(port)))) as tls:
    tls.sendall((message + "\n").encode())
    line = tls.makefile(encoding="utf-8", newline="\n").readline()
    if not line.endswith("\n"):
        sys.exit("the reply was cut short")
    print("Received:", line, end="")
