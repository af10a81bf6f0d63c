"""ftpclient.py HOST PORT put|get|list [NAME]: one thing at a time, by Python's ftplib over TLS."""
import ftplib
import os
import ssl
import sys

host, port, what = sys.argv[1], int(sys.argv[2]), sys.argv[3]
name = sys.argv[4] if len(sys.argv) > 4 else ""
context = ssl.create_default_context(cafile="server.pem")


ftp = ftplib.FTP_TLS(context=context, timeout=30)
ftp.connect(host, port)
ftp.auth()
password = os.environ["FTP_PASSWORD"]
ftp.login("alice", password, secure=False)
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
