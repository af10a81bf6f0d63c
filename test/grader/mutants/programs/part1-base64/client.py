import base64, socket, sys


def encrypt(text):
    return base64.b64encode(text.encode()[::-1])


def decrypt(data):
    return base64.b64decode(data)[::-1].decode()


def main():
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as conn, conn.makefile("rwb") as stream:
        stream.write(encrypt(sys.argv[2]) + b"\n")
        stream.flush()
        print("Decrypted message:", decrypt(stream.readline().strip()))


if __name__ == "__main__":
    main()
