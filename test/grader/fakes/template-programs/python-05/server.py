import os, socket, sys

s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen()
while True:
    c = s.accept()[0]
    f = c.makefile("rwb")
    for line in f:
        verb, *words = line.decode().split()
        if verb == "put":
            open(os.path.join("shared", os.path.basename(words[0])), "wb").write(f.read(int(words[1])))
            answer = b"stored"
        elif verb == "get":
            answer = open(os.path.join("shared", os.path.basename(words[0])), "rb").read()
        else:
            answer = "\n".join(os.listdir("shared")).encode()
        f.write(b"%d\n" % len(answer) + answer)
        f.flush()
    c.close()
