import os, socket, sys

f = socket.create_connection((sys.argv[1], int(sys.argv[2]))).makefile("rwb")


def ask(line, content=b""):
    f.write(line.encode() + b"\n" + content)
    f.flush()
    return f.read(int(f.readline()))


while True:
    verb, *words = input("> ").split()
    if verb == "quit":
        break
    elif verb == "put":
        content = open(os.path.join("mine", words[0]), "rb").read()
        ask(f"put {words[0]} {len(content)}", content)
    elif verb == "get":
        open(os.path.join("mine", words[0]), "wb").write(ask(f"get {words[0]}"))
    elif verb == "ls":
        print(ask("ls").decode())
