import base64, socket, sys


def encrypt(text):
    return base64.b64encode(text.encode()[::-1])


def decrypt(data):
    return base64.b64decode(data)[::-1].decode()


def main():
    server = socket.create_server(("", int(sys.argv[1])))
    conn, _ = server.accept()
    with conn, conn.makefile("rwb") as stream:
        print("Decrypted message:", decrypt(stream.readline().strip()))
        stream.write(encrypt(sys.argv[2]) + b"\n")


if __name__ == "__main__":
    main()
