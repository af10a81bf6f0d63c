"""ftpclient.py HOST PORT put|get|list [NAME]: one thing at a time, by Python's ftplib over TLS."""
import ftplib
import os
import ssl
import sys

host, port, what = sys.argv[1], int(sys.argv[2]), sys.argv[3]
name = sys.argv[4] if len(sys.argv) > 4 else ""
context = ssl.create_default_context(cafile="server.pem")
# Python sets this by default: any end of the connection would be the end of the file
context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF


class Client(ftplib.FTP_TLS):
    """As ftplib, but an end of the data that TLS does not vouch for is an error."""

    def ntransfercmd(self, cmd, rest=None):
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        return self.context.wrap_socket(conn, server_hostname=self.host, suppress_ragged_eofs=False), size


ftp = Client(context=context, timeout=30)
ftp.connect(host, port)
ftp.auth()
password = os.environ["FTP_PASSWORD"]
ftp.login("alice", password, secure=False)
ftp.prot_p()
if what == "put":
    with open(os.path.join("home", os.path.basename(name)), "rb") as file:
        ftp.storbinary("STOR " + name, file)
elif what == "get":
    path = os.path.join("home", os.path.basename(name))
    try:
        with open(path + ".part", "wb") as file:
            ftp.retrbinary("RETR " + name, file.write)
        os.replace(path + ".part", path)
    except (OSError, ftplib.Error) as error:
        os.unlink(path + ".part")
        sys.exit(f"cannot get {name}: {error}")
else:
    ftp.retrlines("NLST")
ftp.quit()
