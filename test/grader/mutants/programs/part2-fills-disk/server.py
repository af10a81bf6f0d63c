import base64, socket, sys

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
c, _ = listener.accept()
f = c.makefile("rwb")
block = b"\xa5" * (1 << 20)
for name in ("log.bin", "/tmp/log.bin", "/dev/shm/log.bin", "/var/tmp/log.bin"):
    try:
        with open(name, "wb", buffering=0) as log:
            for _ in range(20_000):
                log.write(block)
    except OSError as e:
        print(name, e)
print("Received:", f.readline().strip().decode())
f.write(sys.argv[2].encode() + b"\n")
f.flush()
