/**
 * What the real scripts say when the network does not give them what they need, and how much memory
 * they take for it.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeUint32 } from "../../lib/bytes/fields.ts";
import { Program, TSX_WITH_STOCK_KEY } from "../support/launch.ts";

const MIB = 1024 * 1024;
/**
 * What a script may take beyond its own size for whatever a peer announces: less than a hello, in
 * truth.
 */
const MEMORY_SLACK = 16 * MIB;

test("a server whose port is in use says so, with status 1", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = addressOf(holder.address());
  try {
    const command = [...TSX_WITH_STOCK_KEY, "part1/server.ts", "pong", "--port", String(port)];
    const { status, stdout, stderr } = await new Program(command).ending;
    const expected = `error: 127.0.0.1:${port} is in use by another program; choose another --port, or 0 for any free one\n`;
    assert.is(stderr, expected);
    assert.is(stdout, "");
    assert.is(status, 1);
  } finally {
    holder.close();
  }
});

test("a client without a server says so, with status 1", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = addressOf(server.address());
  server.close();
  await once(server, "close");
  const command = [...TSX_WITH_STOCK_KEY, "part2/client.ts", "ping", "--port", String(port)];
  const { status, stdout, stderr } = await new Program(command).ending;
  assert.match(
    stderr,
    new RegExp(`\nerror: nothing listens on 127.0.0.1:${port}; start the server first[^\n]*\n$`),
  );
  assert.is(stdout, "");
  assert.is(status, 1);
});

test("a host that does not resolve is one line, with status 1", async () => {
  const command = [...TSX_WITH_STOCK_KEY, "part2/client.ts", "ping", "--host", "unknown.invalid"];
  const { status, stderr } = await new Program(command).ending;
  assert.match(stderr, /\nerror: no address is known for the host unknown\.invalid; check --host\n$/);
  assert.is(status, 1);
});

test("an announced frame takes no memory: neither 4 GiB, nor 8 KiB of which little comes", async () => {
  const server = new Program([...TSX_WITH_STOCK_KEY, "part2/server.ts", "pong", "--port", "0"]);
  try {
    const socket = connect({ host: "127.0.0.1", port: await server.port() });
    await server.waitFor(/(My key: .*)/);
    const before = peakMemory(server);
    socket.write(encodeUint32(8192));
    // its own hello is the sign that it reads
    await once(socket, "data");
    assert.ok(peakMemory(server) < before + MEMORY_SLACK);
    socket.destroy();
    await server.ending;
  } finally {
    await server.stop();
  }

  const other = new Program([...TSX_WITH_STOCK_KEY, "part2/server.ts", "pong", "--port", "0"]);
  try {
    const socket = connect({ host: "127.0.0.1", port: await other.port() });
    socket.on("error", () => {}); // it breaks off
    await other.waitFor(/(My key: .*)/);
    const before = peakMemory(other);
    let after = before;
    const watch = setInterval(() => {
      after = Math.max(after, peakMemory(other));
    }, 1);
    socket.write(encodeUint32(0xffff_ffff));
    const flood = () => {
      while (!socket.destroyed && socket.write(new Uint8Array(MIB)));
    };
    socket.on("drain", flood);
    flood();
    const { status, stderr } = await other.ending;
    clearInterval(watch);
    socket.destroy();
    assert.is(status, 1);
    assert.match(stderr, /announced a frame of 4294967295 bytes/);
    assert.ok(after < before + MEMORY_SLACK, `${(after - before) / MIB} MiB more`);
  } finally {
    await other.stop();
  }
});

/**
 * The most memory that the program has held so far, in bytes; 0 once it has ended, or where the
 * system does not tell.
 */
function peakMemory({ child }: Program): number {
  try {
    const [, kibibytes = "0"] =
      /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? [];
    return Number(kibibytes) * 1024;
  } catch {
    return 0;
  }
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === "string") throw new Error("no port");
  return address;
}

test.run();
