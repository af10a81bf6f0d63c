/**
 * Floods a server, as a process of its own:
 *
 *     tsx test/support/flood.ts PORT KIND RATE ADDRESSES [OPEN]
 *
 * Opens RATE connections a second in turn from ADDRESSES addresses, beginning with 127.0.0.2, but
 * none while OPEN are open. Each sends what `KINDS` says, and then nothing. Runs until it is
 * killed.
 */
import { connect } from "node:net";
import process from "node:process";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { concat, encodeUtf8 } from "../../lib/bytes/bytes.ts";
import { encodeFields, encodeUint32 } from "../../lib/bytes/fields.ts";
import { generateEphemeral } from "../../lib/crypto/ephemeral.ts";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";
import { loadKeys } from "./keys.ts";

/** What each connection of a flood sends. */
interface Kind {
  first: Uint8Array;
  /** Sent after the reply 234 of an FTP server. */
  behind234?: Uint8Array;
}

const KINDS: Record<string, () => Promise<Kind>> = {
  "01": async () => ({ first: await helloOf01() }),
  channel: async () => ({ first: await helloOfChannel() }),
  silent: async () => ({ first: new Uint8Array() }),
  "AUTH TLS": async () => ({ first: encodeUtf8("AUTH TLS\r\n"), behind234: await helloOfTls() }),
  "AUTH X-SML": async () => ({ first: encodeUtf8("AUTH X-SML\r\n"), behind234: await helloOfChannel() }),
  PASS: async () => ({ first: encodeUtf8("USER alice\r\nPASS wrong\r\n".repeat(3)) }),
  CLNT: async () => ({ first: encodeUtf8(`CLNT ${"x".repeat(1900)}\r\n`.repeat(500)) }),
};

/** Milliseconds between two batches of connections. */
const INTERVAL = 20;

const [port, kind = "", rate, addresses, most = "Infinity"] = process.argv.slice(2);
const make = KINDS[kind];
if (!make) throw new Error(`no kind of flood: ${kind}`);
const { first, behind234 } = await make();
const start = performance.now();
let opened = 0;
let count = 0;
setInterval(() => {
  const due = ((performance.now() - start) / 1000) * Number(rate);
  for (; opened < due; opened += 1) if (count < Number(most)) open(opened % Number(addresses));
}, INTERVAL);
console.log("flooding");

function open(index: number): void {
  const localAddress = `127.0.${Math.floor((index + 2) / 250)}.${(index + 2) % 250}`;
  const socket = connect({ host: "127.0.0.1", port: Number(port), localAddress });
  count += 1;
  socket.on("error", () => {});
  socket.once("close", () => {
    count -= 1;
  });
  let last = behind234;
  socket.on("data", (piece) => {
    if (!last || !piece.includes("234 ")) return;
    socket.write(last);
    last = undefined;
  });
  socket.write(first);
}

async function helloOf01(): Promise<Uint8Array> {
  const { spki } = await loadKeys("rsa-2048-c");
  return framed(encodeFields(["sml/01/v1", randomBytes(32), spki, "mallory"]));
}

async function helloOfChannel(): Promise<Uint8Array> {
  const { point } = generateEphemeral();
  const [mode, suite] = [new Uint8Array([1]), new Uint8Array([1])];
  return framed(encodeFields(["sml/channel/v1", mode, suite, new Uint8Array(), point, randomBytes(32)]));
}

/** Returns the first message of a TLS client. */
function helloOfTls(): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const wire = new Duplex({
      read() {},
      write: (bytes: Uint8Array, _, done) => {
        resolve(bytes);
        done();
      },
    });
    connectTls({ socket: wire });
  });
}

function framed(message: Uint8Array<ArrayBuffer>): Uint8Array {
  return concat([encodeUint32(message.length), message]);
}
