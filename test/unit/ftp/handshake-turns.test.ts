/** Handshakes of the FTP server: each waits for the turn of its address. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { connectData, X_SML, XSml } from "../../../exercises/05-ftp/x-sml.ts";
import type { Connection } from "../../../lib/async/line.ts";
import { Turns } from "../../../lib/async/turns.ts";
import { type RawClient, withFtp } from "../../support/ftp-server.ts";
import { loadIdentity } from "../../support/identities.ts";

const timeout = 60;
const NETWORK = "127.0.0.1";

/** Turns that record their calls, and start a task only once `go` is called. */
class HeldTurns extends Turns {
  readonly calls: { source: string; connection: Connection }[] = [];
  readonly known: string[] = [];
  accepted = 0;
  asked: () => void = () => {};
  go: () => void = () => {};

  constructor() {
    super(2, 8);
  }

  override async run<T>(source: string, task: () => Promise<T>, connection: Connection): Promise<T> {
    this.calls.push({ source, connection });
    const told = new Promise<void>((resolve) => (this.go = resolve));
    this.asked();
    await told;
    return super.run(source, task, connection);
  }

  override know(source: string): void {
    this.known.push(source);
    super.know(source);
  }

  override accept(): void {
    this.accepted += 1;
    super.accept();
  }
}

/**
 * Runs `shake`, a client's handshake, and fails if it gets anywhere before its turn; then gives it
 * its turn.
 */
async function inTurn<T>(turns: HeldTurns, socket: Socket, shake: () => Promise<T>): Promise<T> {
  const asked = new Promise<void>((resolve) => (turns.asked = resolve));
  const before = { calls: turns.calls.length, bytes: socket.bytesRead };
  const shaken = shake();
  await Promise.race([asked, shaken]);
  const [calls, bytes] = [turns.calls.length, socket.bytesRead];
  turns.go();
  const result = await shaken;
  assert.is(calls, before.calls + 1, "the handshake has asked for its turn");
  assert.is(turns.calls.at(-1)?.source, NETWORK);
  assert.is(bytes, before.bytes, "the server has answered nothing before");
  assert.is(turns.calls.length, before.calls + 1);
  return result;
}

async function startTls({ socket }: RawClient) {
  const stream = connectTls({ socket, rejectUnauthorized: false });
  await once(stream, "secureConnect");
  return stream;
}

test("AUTH TLS: the handshake of a control connection waits for the turn of its address", async () => {
  const turns = new HeldTurns();
  await withFtp(
    async ({ connect }) => {
      const client = await connect();
      await client.command("AUTH TLS");
      assert.is(turns.accepted, 1);
      const silent = turns.calls.length;
      const stream = await inTurn(turns, client.socket, () => startTls(client));
      stream.write("USER alice\r\nPASS correct horse\r\n");
      let text = "";
      while (!/^(?:230|530) /m.test(text)) text += String((await once(stream, "data"))[0]);
      assert.is(silent, 0, "a client that sends nothing asks for no turn");
      assert.equal(turns.known, [NETWORK]);
    },
    { turns },
  );
});

test("AUTH X-SML: the handshakes of control and data connections wait for the turn of their address", async () => {
  const turns = new HeldTurns();
  const identity = await loadIdentity("b");
  await withFtp(
    async ({ connect }) => {
      const client = await connect();
      await client.command(`AUTH ${X_SML}`);
      client.socket.removeAllListeners("data");
      const control = await inTurn(turns, client.socket, () =>
        XSml.connect(client.socket, { identity, timeout }),
      );
      const [first] = turns.calls;
      const key = await control.nextDataKey();
      control.stream.write("PBSZ 0\r\nPROT P\r\nUSER alice\r\nPASS correct horse\r\nEPSV\r\n");
      let text = "";
      while (!/\|\|\|\d+\|/.test(text)) text += String((await once(control.stream, "data"))[0]);
      const data = await client.connectData(Number(/\|\|\|(\d+)\|/.exec(text)?.[1]));
      control.stream.write("LIST\r\n");
      const channel = await inTurn(turns, data, () => connectData(data, key, { timeout }));
      assert.is.not(turns.calls[1]?.connection, first?.connection, "the turn is the data connection's");
      channel.destroy("enough");
      control.stream.on("error", () => {}).destroy();
    },
    { turns },
  );
});

for (const mechanism of ["TLS", X_SML])
  test(`AUTH ${mechanism}: a client that goes before its turn takes none`, async () => {
    const turns = new HeldTurns();
    const identity = await loadIdentity("b");
    await withFtp(
      async ({ connect, logged }) => {
        const client = await connect();
        await client.command(`AUTH ${mechanism}`);
        client.socket.removeAllListeners("data");
        const asked = new Promise<void>((resolve) => (turns.asked = resolve));
        const shaken =
          mechanism === "TLS" ? startTls(client) : XSml.connect(client.socket, { identity, timeout });
        await Promise.race([asked, shaken.catch(() => {})]);
        client.socket.resetAndDestroy();
        const [call] = turns.calls;
        assert.ok(call);
        if (!call.connection.destroyed)
          await new Promise<void>((resolve) => call.connection.once("close", resolve));
        turns.go();
        await logged("not encrypted");
      },
      { turns },
    );
  });

test.run();
