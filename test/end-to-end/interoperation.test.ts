/**
 * The scripts with peers in Python, which were written from lib/README.md alone and use the
 * `cryptography` package.
 */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { makeKeyFolder } from "../support/key-folder.ts";
import { Program, TSX, TSX_WITH_STOCK_KEY } from "../support/launch.ts";

const PEER = "test/interop/peer.py";
const python = ["python3", "/usr/bin/python3"].find(
  (command) => spawnSync(command, ["-c", "import cryptography, zmq"]).status === 0,
);

if (python === undefined && !process.env["CI"]) {
  console.log(
    "left out: no python3 here has the packages cryptography and zmq (Debian: python3-cryptography, python3-zmq)",
  );
  test.skip("interoperation with Python");
} else {
  const peer = [python ?? "python3", PEER];

  test("Python agrees with every value of the worked examples", async () => {
    const { status, stdout, stderr } = await new Program([...peer, "examples", "lib/vectors"]).ending;
    assert.is(status, 0, stderr);
    assert.ok(stdout.split("\n").length > 20, stdout);
  });

  for (const part of ["part1", "part2"]) {
    const limit = part === "part1" ? 16 * 1024 : 1024 * 1024;
    const text = `ping 🌉 ${"é".repeat((limit - 10) / 2)}`;
    test(`${part}: a Python client sends the longest text`, async () => {
      const server = new Program([...TSX_WITH_STOCK_KEY, `${part}/server.ts`, "-", "--port", "0"], {
        input: text,
      });
      try {
        const port = String(await server.port());
        const client = await new Program([...peer, part, "client", port, "-"], { input: text }).ending;
        assert.is(client.stdout, `Received message: ${text}\n`, client.stderr);
        assert.is((await server.ending).stdout, `Received message: ${text}\n`);
      } finally {
        await server.stop();
      }
    });

    test(`${part}: a Python server answers the longest text`, async () => {
      const server = new Program([...peer, part, "server", "0", "-"], { input: text });
      try {
        const port = String(await server.port());
        const command = [...TSX_WITH_STOCK_KEY, `${part}/client.ts`, "-", "--port", port];
        const client = await new Program(command, { input: text }).ending;
        assert.is(client.stdout, `Received message: ${text}\n`, client.stderr);
        assert.is((await server.ending).stdout, `Received message: ${text}\n`);
      } finally {
        await server.stop();
      }
    });
  }

  const channelPeer = [python ?? "python3", "test/interop/channel_peer.py"];
  const chatPeer = [python ?? "python3", "test/interop/chat_peer.py"];
  const EXERCISE = "exercises/02-refactor";

  test("Python agrees with every value of the channel's worked examples", async () => {
    const { status, stdout, stderr } = await new Program([...channelPeer, "examples", "lib/vectors"]).ending;
    assert.is(status, 0, stderr);
    assert.ok(stdout.split("\n").length > 40, stdout);
  });

  test("exercise 07: a Python client chats over its own ZeroMQ", async () => {
    const keys = await makeKeyFolder({ server: "rsa-3072", python: "rsa-2048-a" });
    const server = new Program(
      [
        ...TSX,
        "exercises/07-chat/server.ts",
        "Alice",
        "--no-window",
        "--port",
        "0",
        "--once",
        "--keys",
        keys.path,
      ],
      { input: "pong 🌉\nagain\n" },
    );
    try {
      const port = String(await server.port());
      const command = [...chatPeer, port, keys.file("python.pem"), "Bob", "ping", "🌉"];
      const { status, stdout, stderr } = await new Program(command).ending;
      assert.is(stdout, "Alice: pong 🌉\nAlice: again\n", stderr);
      assert.is(status, 0);
      const served = await server.ending;
      assert.is(served.stdout, "Bob: ping\nBob: 🌉\n", served.stderr);
      assert.is(served.status, 0);
    } finally {
      await Promise.all([server.stop(), keys.remove()]);
    }
  });

  test("the channel: a Python client talks to our server, and a Python server to our client", async () => {
    const keys = await makeKeyFolder({ ours: "rsa-3072", python: "rsa-2048-a" });
    const ours = ["--keys", keys.path, "--name", "ours"];
    const server = new Program([...TSX, `${EXERCISE}/server.ts`, "pong 🌉", "--port", "0", ...ours]);
    const pythonServer = new Program([...channelPeer, "server", "0", keys.file("python.pem"), "pong 🌉"]);
    try {
      const [port, pythonPort] = [String(await server.port()), String(await pythonServer.port())];
      const pythonClient = new Program([
        ...channelPeer,
        "client",
        port,
        keys.file("python.pem"),
        "ping",
        "",
        "🌉",
      ]);
      const client = new Program([...TSX, `${EXERCISE}/client.ts`, "--port", pythonPort, ...ours], {
        input: "ping\n\n🌉\n",
      });
      for (const { ending } of [pythonClient, client]) {
        const { status, stdout, stderr } = await ending;
        assert.is(stdout, "Received message: pong 🌉\n".repeat(3), stderr);
        assert.is(status, 0);
      }
      const received = "Received message: ping\nReceived message: \nReceived message: 🌉\n";
      assert.is((await pythonServer.ending).stdout, received);
      assert.is(server.stdout, received);
    } finally {
      await Promise.all([server.stop(), pythonServer.stop(), keys.remove()]);
    }
  });
}

test.run();
