import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from "node:tls";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { requireCloseNotify } from "../../../exercises/05-ftp/close-notify.ts";
import { TicketHold } from "../../../exercises/05-ftp/ticket-hold.ts";
import { type Bytes, concat, equal } from "../../../lib/bytes/bytes.ts";
import { pattern, TEST_CERTIFICATE } from "../../support/ftp-server.ts";

const KIB = 1024;
// at most what TLS takes at once, what its stream buffers, and the system's first window of 64 KiB:
// a reset discards the rest
const PIECE = 10 * KIB;
const LENGTHS = [0, 1, 8 * KIB, 20 * KIB, 40 * KIB, 60 * KIB];
const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;

interface Scene {
  client: TLSSocket;
  /**
   * The stream below `client`, and its connection. That does not end with TLS: each test ends it.
   */
  under: Duplex;
  wire: Socket;
  /** Does not read until a test reads from it. */
  server: TLSSocket;
  /** The socket below `server`, and the stream in between. */
  socket: Socket;
  between: Duplex;
  /** The errors of `server`. */
  reasons: string[];
}

/** Runs `work` with two ends of TLS. The server's end must be authenticated. */
async function withPair(version: (typeof VERSIONS)[number], work: (scene: Scene) => Promise<void>) {
  const listener = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  const tls = createTlsServer({ ...TEST_CERTIFICATE, allowHalfOpen: true, maxVersion: version });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const wire = connect({ port: address.port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  const [socket]: Socket[] = await once(listener, "connection");
  if (!socket) throw new Error("no connection");
  const tickets = new TicketHold();
  const { between, watch } = requireCloseNotify(socket, (bytes) => tickets.pass(bytes));
  const reasons: string[] = [];
  const opened = new Promise<TLSSocket>((resolve) => {
    tls.once("secureConnection", (stream) => {
      stream.on("error", (error) => {
        reasons.push(error.message);
      });
      watch(stream);
      tickets.start(stream);
      resolve(stream);
    });
  });
  tls.emit("connection", between);
  const under = new Duplex({
    read() {},
    write: (chunk, _encoding, callback) => void wire.write(chunk, callback),
    final: (callback) => callback(),
  });
  wire.on("data", (chunk) => under.push(chunk));
  const client = connectTls({ socket: under, rejectUnauthorized: false });
  for (const each of [client, wire, socket]) each.on("error", () => {});
  try {
    await once(client, "secureConnect");
    await work({ client, under, wire, server: await opened, socket, between, reasons });
  } finally {
    for (const each of [client, wire, socket]) each.destroy();
    listener.close();
  }
}

/**
 * Sends `bytes`, and close_notify if `isWhole`, piece by piece; waits until the server's system has
 * them.
 */
async function send({ client, under, socket }: Scene, bytes: Bytes, isWhole: boolean): Promise<void> {
  for (let offset = 0; offset < bytes.length; offset += PIECE) {
    const before = socket.bytesRead;
    await new Promise<void>((resolve) => {
      client.write(bytes.subarray(offset, offset + PIECE), () => resolve());
    });
    await turnsUntil(() => socket.bytesRead > before);
  }
  if (!isWhole) return;
  client.end();
  if (!under.writableFinished) await once(under, "finish");
}

/**
 * Waits until the condition holds, for some turns of the event loop: once the server takes no more,
 * it never does.
 */
async function turnsUntil(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20 && !isSo(); turn += 1) await setImmediate();
}

/** Reads everything from the server's stream; returns it, and how it ended. */
async function drain({
  server,
  reasons,
}: Scene): Promise<{ bytes: Bytes; isWhole: boolean; reason: string }> {
  const pieces: Bytes[] = [];
  let isWhole = false;
  server.on("data", (piece: Bytes) => pieces.push(piece));
  const end = () => {
    isWhole = true;
    server.end();
  };
  server.on("end", end);
  if (server.readableEnded) end();
  if (!server.closed) await new Promise((resolve) => server.once("close", resolve));
  return { bytes: concat(pieces), isWhole, reason: reasons.join() };
}

for (const version of VERSIONS) {
  test(`closed and then reset, the data is complete, however late it is read: ${version}`, async () => {
    for (const length of LENGTHS) {
      await withPair(version, async (scene) => {
        await send(scene, pattern(length), true);
        scene.wire.resetAndDestroy();
        await turnsUntil(() => scene.socket.closed);
        const { bytes, isWhole, reason } = await drain(scene);
        assert.is(reason, "", `${length} bytes`);
        assert.ok(isWhole, `${length} bytes: no end`);
        assert.ok(equal(bytes, pattern(length)), `${length} bytes: ${bytes.length} came`);
        assert.ok(scene.socket.destroyed && scene.between.destroyed, "something is left open");
      });
    }
  });

  test(`reset or ended without being closed is an error, however late it is read: ${version}`, async () => {
    for (const length of LENGTHS)
      for (const way of ["resetAndDestroy", "end"] as const) {
        await withPair(version, async (scene) => {
          await send(scene, pattern(length), false);
          scene.wire[way]();
          await turnsUntil(() => scene.socket.closed);
          const { isWhole, reason } = await drain(scene);
          assert.not.ok(isWhole, `${length} bytes, ${way}: an end`);
          assert.match(
            reason,
            way === "end" ? /^the peer broke off without closing TLS/ : /ECONNRESET/,
            `${length}, ${way}`,
          );
          assert.ok(scene.socket.destroyed && scene.between.destroyed, "something is left open");
        });
      }
  });
}

test("the server sends no session tickets before its own end", async () => {
  await withPair("TLSv1.3", async (scene) => {
    const { client, server } = scene;
    let tickets = 0;
    client.on("session", () => {
      tickets += 1;
    });
    server.resume().once("end", () => server.end());
    await send(scene, pattern(40 * KIB), false);
    assert.is(tickets, 0);
    client.resume().end();
    await once(client, "end");
    assert.is(tickets, 2);
  });
});

for (const version of VERSIONS)
  test(`a server that sends does not wait: ${version}`, async () => {
    for (const bytes of [pattern(100 * KIB), pattern(0)])
      await withPair(version, async ({ client, server }) => {
        server.end(bytes);
        const pieces: Bytes[] = [];
        client.on("data", (piece) => pieces.push(piece));
        await once(client, "end");
        assert.ok(equal(concat(pieces), bytes));
      });
  });

test("reads little more than requested", async () => {
  await withPair("TLSv1.3", async (scene) => {
    const { client, socket, server } = scene;
    client.write(new Uint8Array(64 * KIB * KIB));
    let before = -1;
    // until the server takes no more
    for (let idle = 0; idle < 50; idle += 1) {
      if (socket.bytesRead !== before) idle = 0;
      before = socket.bytesRead;
      await setImmediate();
    }
    assert.ok(socket.bytesRead < 512 * KIB, `${socket.bytesRead} bytes were read ahead`);
    server.destroy();
  });
});

test.run();
