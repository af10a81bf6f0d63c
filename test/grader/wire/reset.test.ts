import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { reset } from "./reset.ts";

/** Runs `act` on a connection; once both sides are closed, returns the other side's errors. */
async function withConnection(act: (socket: Socket) => void): Promise<string[]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (!address || typeof address === "string") throw new Error("no port");
  const accepted = once(server, "connection");
  const socket = connect({ port: address.port, host: "127.0.0.1", allowHalfOpen: true });
  const [peer]: Socket[] = await accepted;
  const errors: string[] = [];
  if (!peer) throw new Error("no peer");
  peer.on("error", ({ message }) => errors.push(message));
  peer.on("end", () => peer.end());
  peer.resume();
  if (socket.connecting) await once(socket, "connect");
  const closed = Promise.all([once(socket, "close"), new Promise((resolve) => peer.once("close", resolve))]);
  act(socket);
  await closed;
  server.close();
  return errors;
}

test("reset resets a connection", async () => {
  assert.equal(await withConnection(reset), ["read ECONNRESET"]);
});

test("reset closes a connection whose end is in transit", async () => {
  await withConnection((socket) => {
    socket.end();
    reset(socket);
  });
  await withConnection((socket) => {
    socket.end();
    process.nextTick(() => process.nextTick(() => reset(socket)));
  });
});

test.run();
