import argparse, asyncio, pathlib, sys
from secretstream import SecretStream, load_identity

parser = argparse.ArgumentParser()
parser.add_argument("--host", default="localhost")
parser.add_argument("--port", type=int, required=True)
options = parser.parse_args()
known = pathlib.Path("known-server.txt")


def accept(key):
    if not known.exists():
        known.write_text(key)
    if known.read_text() != key:
        sys.exit(f"I know another server: {known.read_text()}, and this is {key}")


async def main():
    reader, writer = await asyncio.open_connection(options.host, options.port)
    stream = SecretStream(reader, writer)
    await stream.handshake(load_identity("client.key"), True, accept)
    loop = asyncio.get_running_loop()
    while True:
        try:
            line = await loop.run_in_executor(None, input, "> ")
        except EOFError:
            break
        await stream.push(line.encode())
        answer = await stream.pull()
        print("<<<", answer.decode(), flush=True)
    await stream.push(b"")
    writer.close()


asyncio.run(main())
