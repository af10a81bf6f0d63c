/** The scripts with a peer in Python, which was written from lib/README.md alone and uses the `cryptography` package. */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Program, TSX_WITH_STOCK_KEY } from "../harness/launch.ts";

const PEER = "test/interop/peer.py";
const python = ["python3", "/usr/bin/python3"].find(
  (command) => spawnSync(command, ["-c", "import cryptography"]).status === 0,
);

if (python === undefined && !process.env["CI"]) {
  console.log("left out: no python3 here has the package cryptography (Debian: python3-cryptography)");
  test.skip("interoperation with Python");
} else {
  const peer = [python ?? "python3", PEER];

  test("Python agrees with every value of the worked examples", async () => {
    const { status, stdout, stderr } = await new Program([...peer, "examples", "lib/README.md"]).ending;
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
}

test.run();
