/**
 * Floods a server with half handshakes, as a process of its own:
 *
 *     tsx test/support/flood.ts PORT KIND RATE ADDRESSES
 *
 * Opens RATE connections a second in turn from ADDRESSES addresses, beginning with 127.0.0.2; each
 * sends a valid hello, of exercise 01 or of the channel, and then nothing. Runs until it is killed.
 */
import { connect } from "node:net";
import process from "node:process";
import { type Bytes, concat } from "../../lib/bytes/bytes.ts";
import { encodeFields, encodeUint32 } from "../../lib/bytes/fields.ts";
import { generateEphemeral } from "../../lib/crypto/ephemeral.ts";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";
import { loadKeys } from "./keys.ts";

/** Milliseconds between two batches of connections. */
const INTERVAL = 20;

const [port, kind, rate, addresses] = process.argv.slice(2);
const hello = kind === "01" ? await helloOf01() : await helloOfChannel();
const frame = concat([encodeUint32(hello.length), hello]);
const start = performance.now();
let opened = 0;
setInterval(() => {
  const due = ((performance.now() - start) / 1000) * Number(rate);
  for (; opened < due; opened += 1) open(opened % Number(addresses));
}, INTERVAL);
console.log("flooding");

function open(index: number): void {
  const localAddress = `127.0.${Math.floor((index + 2) / 250)}.${(index + 2) % 250}`;
  const socket = connect({ host: "127.0.0.1", port: Number(port), localAddress });
  socket.on("error", () => {});
  socket.resume().write(frame);
}

async function helloOf01(): Promise<Bytes> {
  const { spki } = await loadKeys("rsa-2048-c");
  return encodeFields(["sml/01/v1", randomBytes(32), spki, "mallory"]);
}

async function helloOfChannel(): Promise<Bytes> {
  const { point } = await generateEphemeral();
  const [mode, suite] = [new Uint8Array([1]), new Uint8Array([1])];
  return encodeFields(["sml/channel/v1", mode, suite, new Uint8Array(), point, randomBytes(32)]);
}
