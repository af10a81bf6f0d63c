"""A client that never reads its data connections, like Go's and PHP's: uploads each file of the task at the same time.

Prints the last replies as JSON: those to whole files, and to one that ends without close_notify.
"""

import concurrent.futures
import ftplib
import json
import socket
import ssl
import sys

task = json.load(sys.stdin)
context = ssl.create_default_context(cafile=task["ca"])
context.check_hostname = False
context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_3


def upload(name, is_whole):
    ftp = ftplib.FTP_TLS(context=context, timeout=60)
    ftp.connect(task["host"], task["port"])
    ftp.login(task["user"], task["password"])
    ftp.prot_p()
    ftp.voidcmd("TYPE I")
    host, port = ftp.makepasv()
    data = socket.create_connection((host, port))
    data.settimeout(60)
    ftp.sendcmd("STOR " + name)

    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    while True:
        try:
            tls.do_handshake()
            break
        except ssl.SSLWantReadError:
            data.sendall(outgoing.read())
            incoming.write(data.recv(65536))
    with open(task["file"], "rb") as file:
        while piece := file.read(65536):
            tls.write(piece)
            data.sendall(outgoing.read())
    if is_whole:
        try:
            tls.unwrap()
        except ssl.SSLWantReadError:
            data.sendall(outgoing.read())
    data.close()
    try:
        return ftp.voidresp()
    except ftplib.error_temp as error:
        return str(error)
    finally:
        ftp.close()


with concurrent.futures.ThreadPoolExecutor(8) as pool:
    whole = list(pool.map(lambda index: upload(f"whole {index}", True), range(task["count"])))
print(json.dumps({"whole": whole, "cut": upload("cut", False)}))
