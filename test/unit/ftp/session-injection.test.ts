/** Commands that arrive in plaintext around AUTH (CVE-2011-0411). */
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Storage } from "../../../exercises/05-ftp/ftp/storage/storage.ts";
import { XSml } from "../../../exercises/05-ftp/x-sml.ts";
import { PASSWORDS, type RawClient, type Scene, withFtp } from "../../support/ftp-server.ts";
import { holdCall } from "../../support/hold-call.ts";
import { loadIdentity } from "../../support/identities.ts";

const INJECTED = `USER bob\r\nPASS ${PASSWORDS["bob"]}\r\nMKD injected\r\nTYPE I\r\nOPTS MLST size;\r\n`;
const PLAINTEXT = { allowPlaintext: true, sessionsPerAddress: 1000, sessions: 1000 };

/** Starts the handshake after 234. Rejects if the server takes plaintext for a part of it. */
async function protect({ socket }: RawClient, mechanism: string): Promise<Duplex> {
  socket.removeAllListeners("data").removeAllListeners("end");
  if (mechanism === "X-SML") {
    const { stream } = await XSml.connect(socket, { identity: await loadIdentity("b"), timeout: 60 });
    return stream;
  }
  const stream = connectTls({ socket, rejectUnauthorized: false });
  await once(stream, "secureConnect");
  return stream;
}

/** Returns the replies to the commands that a client sends after the handshake. */
async function ask(stream: Duplex): Promise<string> {
  let text = "";
  stream.on("data", (bytes) => {
    text += bytes;
  });
  stream.write("STAT\r\nQUIT\r\n");
  while (!text.includes("221 ")) await once(stream, "data");
  stream.on("error", () => {}).destroy();
  return text;
}

/** Fails if a command that came in plaintext behind AUTH has had an effect. */
async function checkNothingRan({ home, events }: Scene, logins: number): Promise<void> {
  assert.equal(await readdir(home), []);
  assert.is(events.filter(({ event }) => event === "login").length, logins);
}

for (const mechanism of ["TLS", "X-SML"])
  test(`commands that arrive while AUTH ${mechanism} logs the user out are discarded`, async () => {
    await withFtp(async (scene) => {
      const client = await scene.connect();
      const other = await scene.connect();
      await client.login();
      const closing = holdCall(Storage.prototype, "close");
      try {
        client.send(`AUTH ${mechanism}\r\n`);
        await closing.called;
        client.send(INJECTED);
        // by the second reply the server has read what arrived before
        for (let turn = 0; turn < 2; turn += 1) await other.command("NOOP");
      } finally {
        closing.release();
      }
      assert.match(await client.reply(), /^234 /);
      assert.is(client.unread, "");
      const state = await ask(await protect(client, mechanism));
      assert.match(state, /Not logged in\r\n TYPE A, PROT C\r\n211 End\r\n221 /);
      assert.match(state, /^211-/);
      await checkNothingRan(scene, 1);
    }, PLAINTEXT);
  });

test("a hundred clients send commands behind AUTH, in one piece and in several: none is answered", async () => {
  await withFtp(async (scene) => {
    let handshakes = 0;
    for (let round = 0; round < 100; round += 1) {
      const mechanism = round % 10 === 0 ? "X-SML" : "TLS";
      const client = await scene.connect();
      await client.login();
      if (round % 2 === 0) client.send(`AUTH ${mechanism}\r\n${INJECTED}`);
      else for (const line of [`AUTH ${mechanism}`, ...INJECTED.split("\r\n")]) client.send(`${line}\r\n`);
      assert.match(await client.reply(), /^234 /);
      assert.is(client.unread, "");
      // what arrives after 234 breaks the handshake
      const stream = await protect(client, mechanism).catch(() => undefined);
      if (stream) {
        handshakes += 1;
        assert.match(await ask(stream), /^211-.*Not logged in\r\n TYPE A, PROT C\r\n211 End\r\n221 /s);
      }
      client.close();
      await checkNothingRan(scene, round + 1);
    }
    assert.ok(handshakes > 0, "every handshake failed");
  }, PLAINTEXT);
});

test("AUTH forgets every setting that was made in plaintext", async () => {
  await withFtp(async ({ connect }) => {
    const client = await connect();
    await client.login();
    for (const line of ["OPTS MLST size;", "MKD d", "CWD d", "RNFR /d", "REST 5", "EPSV ALL"])
      assert.match(await client.command(line), /^[23]/, line);
    await client.encrypt();
    const facts = /MLST type\*;size\*;modify\*;perm\*;unique\*;UNIX\.mode\*;/;
    assert.match(await client.command("FEAT"), facts);
    assert.match(await client.command("STAT"), /TYPE A, PROT C/);
    await client.login();
    assert.match(await client.command("PWD"), /^257 "\/" /);
    assert.match(await client.command("PASV"), /^227 /);
    assert.match(await client.command("RNTO e"), /^503 /);
  }, PLAINTEXT);
});

test.run();
