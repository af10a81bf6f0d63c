"""What test/end-to-end/ftp-clients.test.ts asks of each client, with Python's ftplib. Prints what it saw as JSON."""

import ftplib
import json
import ssl
import sys

task = json.load(sys.stdin)


def local(name):
    return task["local"] + "/" + name


context = ssl.create_default_context(cafile=task["ca"])
# the eavesdropper has another address
context.check_hostname = False
if "version" in task:
    context.minimum_version = context.maximum_version = {
        "1.2": ssl.TLSVersion.TLSv1_2,
        "1.3": ssl.TLSVersion.TLSv1_3,
    }[task["version"]]
ftp = ftplib.FTP_TLS(context=context, timeout=30, encoding="utf-8")
ftp.connect(task["host"], task["port"])
ftp.login(task["user"], task["password"])
ftp.prot_p()
names = ftp.nlst("/")
facts = {name: fact for name, fact in ftp.mlsd("/")}
lines = []
ftp.retrlines("LIST /", lines.append)
assert len(lines) == len(names) == len(facts), (lines, names, facts)

with open(local("down"), "wb") as file:
    ftp.retrbinary("RETR " + task["down"], file.write)
with open(local("partial"), "ab") as file:
    ftp.retrbinary("RETR " + task["down"], file.write, rest=file.tell())
with open(local("up"), "rb") as file:
    ftp.storbinary("STOR " + task["up"], file)
with open(local("up"), "rb") as file:
    have = ftp.size(task["part"])
    file.seek(have)
    ftp.storbinary("STOR " + task["part"], file, rest=have)
with open(local("empty.up"), "rb") as file:
    ftp.storbinary("STOR empty.up", file)
with open(local("empty.down"), "wb") as file:
    ftp.retrbinary("RETR empty", file.write)

ftp.mkd(task["folder"])
ftp.cwd(task["folder"])
assert ftp.pwd() == "/" + task["folder"]
with open(local("up"), "rb") as file:
    ftp.storbinary("STOR before", file)
ftp.rename("before", "after")
ftp.cwd("/")
ftp.delete("gone")
ftp.rmd("gone folder")
many = len(ftp.nlst("many"))

with open(local("text.down"), "w") as file:
    ftp.retrlines("RETR text", lambda line: file.write(line + "\n"))
with open(local("text.up"), "rb") as file:
    ftp.storlines("STOR text.up", file)
ftp.quit()
print(json.dumps({"names": names, "many": many}))
