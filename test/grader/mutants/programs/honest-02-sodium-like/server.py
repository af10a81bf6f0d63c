import argparse, asyncio, sys
from secretstream import SecretStream, load_identity

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
options = parser.parse_args()
identity = load_identity("server.key")


async def serve(reader, writer):
    try:
        stream = SecretStream(reader, writer)
        await asyncio.wait_for(stream.handshake(identity, False, print), 15)
        while message := await stream.pull():
            print("<<<", message.decode(), flush=True)
            await stream.push(reply.encode())
        await stream.push(b"")
    except Exception as error:
        print("!!!", repr(error), flush=True)
    finally:
        writer.close()


async def main():
    async with await asyncio.start_server(serve, "127.0.0.1", options.port) as server:
        await server.serve_forever()


reply = input("reply > ")
asyncio.run(main())
