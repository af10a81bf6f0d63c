/** Logins and encryption of exercise 05's server. */
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatUsers, UserList } from "../../../exercises/05-ftp/ftp/server/user-list.ts";
import { VERBS } from "../../../exercises/05-ftp/ftp/server/verbs.ts";
import { Storage } from "../../../exercises/05-ftp/ftp/storage/storage.ts";
import { XSml } from "../../../exercises/05-ftp/x-sml.ts";
import { explain } from "../../../lib/cli/diagnostics.ts";
import { subtle } from "../../../lib/crypto/webcrypto.ts";
import { type Attempt, Guesses } from "../../../lib/passwords/guesses.ts";
import { hashPassword } from "../../../lib/passwords/password.ts";
import { PASSWORDS, type RawClient, withFtp } from "../../support/ftp-server.ts";
import { holdCall } from "../../support/hold-call.ts";
import { loadIdentity } from "../../support/identities.ts";
import { withFolder } from "../../support/temporary.ts";

/** Sends `lines` one after the other; returns the codes of the replies. */
async function codes(client: RawClient, ...lines: string[]): Promise<number[]> {
  const all: number[] = [];
  for (const line of lines) all.push(Number((await client.command(line)).slice(0, 3)));
  return all;
}

test("before login there are FEAT, OPTS, SYST, HELP, STAT, NOOP, CLNT and QUIT, and no file commands", async () => {
  await withFtp(async ({ connect: open }) => {
    const client = await open();
    const feat = await client.command("FEAT");
    for (const line of [
      "AUTH TLS;SSL;X-SML",
      "EPSV",
      "MLST type*;size*;modify*;perm*;unique*;UNIX.mode*;",
      "PBSZ",
    ])
      assert.ok(feat.includes(`\r\n ${line}\r\n`), feat);
    assert.equal(
      await codes(
        client,
        "OPTS UTF8 ON",
        "opts utf8",
        "OPTS UTF8 OFF",
        "OPTS MLST size;",
        "OPTS X",
        "SYST",
        "NOOP",
      ),
      [200, 200, 504, 200, 501, 215, 200],
    );
    assert.match(await client.command("FEAT"), / MLST type;size\*;modify;/);
    assert.equal(
      await codes(client, "HELP", "HELP RETR", "HELP XYZ", "STAT", "CLNT x"),
      [214, 214, 502, 211, 200],
    );
    for (const line of [
      "PWD",
      "LIST",
      "RETR x",
      "STOR x",
      "EPSV",
      "SITE HELP",
      "STAT /",
      "ABOR",
      "RNTO x",
      "TYPE I",
    ])
      assert.match(await client.command(line), /^530 /, line);
    assert.equal(await codes(client, "XYZ", "EPSVX", "SYST x", "AUTH"), [502, 500, 501, 501]);
    assert.is(await client.command("QUIT"), "221 Goodbye.");
    assert.is(await client.reply(), "");
  });
});

test("USER before AUTH is refused, and so is PASS, unless plaintext is allowed", async () => {
  await withFtp(async ({ connect: open }) => {
    const client = await open();
    assert.equal(await codes(client, "USER alice", `PASS ${PASSWORDS["alice"]}`), [530, 530]);
  });
  await withFtp(
    async ({ connect: open }) => {
      const client = await open();
      assert.equal(
        await codes(client, "PASS x", "USER alice", `PASS ${PASSWORDS["alice"]}`, "PWD"),
        [503, 331, 230, 257],
      );
    },
    { allowPlaintext: true },
  );
});

test("PBSZ before AUTH, PROT before PBSZ and a second AUTH are 503; PROT C and unknown levels are refused", async () => {
  await withFtp(async ({ connect: open }) => {
    const client = await open();
    assert.equal(await codes(client, "PBSZ 0", "PROT P", "AUTH KERBEROS"), [503, 503, 504]);
    await client.encrypt();
    assert.equal(
      await codes(
        client,
        "PROT P",
        "PBSZ x",
        "PBSZ 0",
        "PROT S",
        "PROT E",
        "PROT X",
        "PROT C",
        "PROT P",
        "AUTH TLS",
      ),
      [503, 501, 200, 536, 536, 504, 534, 200, 503],
    );
  });
});

test("AUTH SSL is AUTH TLS, in capitals or not", async () => {
  await withFtp(async ({ connect: open, port }) => {
    for (const word of ["SSL", "ssl", "tls"]) {
      const client = await open();
      assert.is(await client.command(`AUTH ${word}`), "234 Proceed with TLS negotiation.");
      const stream = connectTls({ socket: client.socket, rejectUnauthorized: false });
      await once(stream, "secureConnect");
      stream.end();
    }
    assert.ok(port > 0);
  });
});

test("plaintext sent before the handshake is discarded (CVE-2011-0411), in one piece or in several", async () => {
  await withFtp(
    async ({ connect: open, events }) => {
      const client = await open();
      client.send(`AUTH TLS\r\nUSER alice\r\nPASS ${PASSWORDS["alice"]}\r\nMKD injected\r\n`);
      assert.match(await client.reply(), /^234 /);
      const stream = connectTls({ socket: client.socket, rejectUnauthorized: false });
      await once(stream, "secureConnect");
      stream.write("PWD\r\n");
      assert.match(String((await once(stream, "data"))[0]), /^530 /);
      assert.is(client.unread, "");
      assert.not.ok(events.some(({ event }) => event === "login"));

      // behind a command that is still being answered
      const second = await open();
      second.send("NOOP\r\nAUTH TLS\r\nNOOP\r\nNOOP\r\nUSER al");
      assert.match(await second.reply(), /^200 /);
      assert.match(await second.reply(), /^234 /);
      const secure = connectTls({ socket: second.socket, rejectUnauthorized: false });
      await once(secure, "secureConnect");
      secure.write("ice\r\n");
      assert.match(String((await once(secure, "data"))[0]), /^502 /);
    },
    { allowPlaintext: true },
  );
});

test("AUTH discards the login and the folder", async () => {
  await withFtp(
    async ({ connect: open }) => {
      const client = await open();
      await client.login();
      assert.equal(await codes(client, "MKD d", "CWD d", "EPSV"), [257, 250, 229]);
      await client.encrypt();
      assert.equal(await codes(client, "PWD", "PROT P"), [530, 503]);
      await client.login();
      assert.match(await client.command("PWD"), /^257 "\/" /);
    },
    { allowPlaintext: true },
  );
});

test("a home that cannot be used is 451 for its user, and one line with the reason for the operator", async () => {
  await withFtp(async ({ home, connect, errors }) => {
    await rm(home, { recursive: true });
    await writeFile(home, "");
    const client = await connect();
    await client.encrypt();
    await client.command("USER alice");
    assert.is(
      await client.command(`PASS ${PASSWORDS["alice"]}`),
      "451 Home directory unavailable; see the server's log.",
    );
    assert.equal(errors.splice(0).map(explain), ["the home /alice of alice cannot be used: not a directory"]);
  });
});

test("a failed or missing handshake ends the session, and the log says why", async () => {
  await withFtp(
    async ({ connect: open, events, login }) => {
      const talker = await open();
      assert.match(await talker.command("AUTH TLS"), /^234 /);
      talker.send("USER alice\r\n");
      // an alert, which is not a reply
      assert.is(await talker.reply(), "");
      const old = await open();
      assert.match(await old.command("AUTH TLS"), /^234 /);
      const stream = connectTls({
        socket: old.socket,
        maxVersion: "TLSv1.1",
        minVersion: "TLSv1",
        ciphers: "ALL@SECLEVEL=0",
      });
      await assertFails(stream);
      for (const mechanism of ["TLS", "X-SML"]) {
        const silent = await open();
        assert.match(await silent.command(`AUTH ${mechanism}`), /^234 /);
        assert.is(await silent.reply(), "");
      }
      const outcomes = events.flatMap(({ event, outcome }) => (event === "not encrypted" ? [outcome] : []));
      assert.is(outcomes.length, 4);
      assert.match(outcomes[0] ?? "", /^the TLS handshake failed: wrong version number/);
      assert.match(outcomes[1] ?? "", /^the TLS handshake failed: unsupported protocol/);
      assert.match(outcomes[2] ?? "", /^timed out: the client sent nothing for 2 s/);
      assert.match(outcomes[3] ?? "", /^timed out: the handshake took longer than 2 s/);
      await login();
    },
    { handshake: 2 },
  );
});

async function assertFails(stream: TLSSocket): Promise<void> {
  await new Promise((resolve, reject) => {
    stream.once("error", resolve);
    stream.once("secureConnect", () => reject(new Error("TLS was established")));
  });
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  test(`${version} works with a key that only signs`, async () => {
    await withFtp(async ({ connect: open, events }) => {
      const client = await open();
      await client.encrypt({ minVersion: version, maxVersion: version });
      await client.login();
      assert.ok(events.some(({ mechanism }) => mechanism?.startsWith(`TLS, ${version} `)));
      if (version === "TLSv1.3") return;
      const other = await open();
      await other.command("AUTH TLS");
      // RSA key transport, for which the stored key would have to decrypt
      const options = {
        socket: other.socket,
        maxVersion: version,
        ciphers: "AES128-GCM-SHA256:AES256-GCM-SHA384",
      };
      await assertFails(connectTls(options));
    });
  });
}

test("AUTH X-SML: lines go through the channel, and the log contains the client's key", async () => {
  await withFtp(async ({ port, events }) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    await once(socket, "data");
    socket.write("AUTH X-SML\r\nUSER mallory\r\n");
    assert.match(String((await once(socket, "data"))[0]), /^234 .*\r\n$/);
    socket.removeAllListeners("data");
    const identity = await loadIdentity("b");
    const { stream, peer } = await XSml.connect(socket, { identity, timeout: 60 });
    assert.is(peer.fingerprint, (await loadIdentity("a")).fingerprint);
    stream.write("PBSZ 0\r\nPROT P\r\nUSER alice\r\nPWD\r\n");
    let text = "";
    stream.on("data", (bytes) => {
      text += bytes;
    });
    while (!text.includes("530 ")) await once(stream, "data");
    assert.match(text, /^200 .*\r\n200 .*\r\n331 .*\r\n530 .*\r\n$/);
    assert.ok(events.some(({ mechanism }) => mechanism === `X-SML, ${identity.fingerprint}`));
    stream.on("error", () => {}).destroy();
  });
});

test("an unknown user and a wrong password get the same reply; three of them end the session", async () => {
  await withFtp(async ({ connect: open, events }) => {
    const client = await open();
    await client.encrypt();
    const replies: string[][] = [];
    for (const name of ["alice", "mallory"])
      replies.push([await client.command(`USER ${name}`), await client.command("PASS wrong")]);
    assert.equal(replies[0], replies[1]);
    assert.equal(replies[0]?.[1], "530 Login incorrect.");
    assert.match(await client.command(`PASS ${PASSWORDS["alice"]}`), /^503 /);
    assert.match(await client.command("USER alice"), /^331 /);
    assert.is(await client.command("PASS "), "421 Login incorrect; too many attempts.");
    assert.is(await client.reply(), "");
    const refused = events.filter(({ event }) => event === "login refused");
    assert.equal(
      refused.map(({ user }) => user),
      ["alice", undefined, "alice"],
    );
    assert.not.match(JSON.stringify(events), /mallory|wrong/);
  });
});

test("an unknown user costs the same as a wrong password: hashes, and delay", async () => {
  const password = await hashPassword("correct horse", 3000);
  const entry = { home: "/alice", quota: undefined, readOnly: false, admin: false };
  const costly = { ...entry, name: "costly", password: await hashPassword("battery staple", 5000) };
  let attempts = 0;
  class Spy extends Guesses {
    override attempt<T>(attempt: Attempt, evaluate: () => Promise<T | undefined>): Promise<T | undefined> {
      attempts += 1;
      return super.attempt(attempt, evaluate);
    }
  }
  await withFolder(async (folder) => {
    const file = join(folder, "users.csv");
    await writeFile(file, formatUsers([{ ...entry, name: "alice", password }, costly]), { mode: 0o600 });
    const original = subtle.deriveBits;
    let hashes: number[] = [];
    subtle.deriveBits = async (algorithm, key, length) => {
      if (typeof algorithm !== "string" && "iterations" in algorithm) hashes.push(algorithm.iterations);
      return original.call(subtle, algorithm, key, length);
    };
    try {
      await withFtp(
        async ({ connect: open }) => {
          const seen: { hashes: number[]; replies: string[]; attempts: number }[] = [];
          for (const name of ["costly", "mallory", "costl", "COSTLY", "../costly"]) {
            const client = await open();
            await client.encrypt();
            hashes = [];
            attempts = 0;
            const replies = [await client.command(`USER ${name}`), await client.command("PASS wrong horse")];
            seen.push({ hashes, replies, attempts });
          }
          for (const each of seen) assert.equal(each, seen[0]);
          assert.equal(seen[0]?.hashes, [5000]);
          assert.is(seen[0]?.attempts, 1);
        },
        { users: await UserList.load(file), guesses: new Spy(0.001) },
      );
    } finally {
      subtle.deriveBits = original;
    }
  });
});

test("each wrong password delays the client longer, also on a new connection", async () => {
  const unit = 0.05;
  await withFtp(
    async ({ connect: open }) => {
      const waits: number[] = [];
      for (const count of [2, 2]) {
        const client = await open();
        await client.encrypt();
        for (let index = 0; index < count; index += 1) {
          await client.command(`USER ${index === 0 ? "alice" : "mallory"}`);
          const start = performance.now();
          await client.command("PASS wrong");
          waits.push((performance.now() - start) / 1000);
        }
      }
      for (const [index, wait] of waits.entries()) assert.ok(wait > 0.99 * unit * 2 ** index, `${waits}`);
    },
    { guesses: new Guesses(unit) },
  );
});

test("an account that changes while PASS opens its home cannot log in, and neither can a client that is gone", async () => {
  await withFtp(async ({ connect: open, users, events, server }) => {
    const alice = users.get("alice");
    if (!alice) throw new Error("alice is missing");
    for (const change of [
      () => users.delete("alice"),
      () => users.set("alice", { ...alice, home: "/bob" }),
      (client: RawClient) => client.close(),
    ]) {
      const client = await open();
      const other = await open();
      await client.encrypt();
      await client.command("USER alice");
      const opening = holdCall(Storage, "open");
      try {
        client.send(`PASS ${PASSWORDS["alice"]}\r\n`);
        await opening.called;
        change(client);
        server.dismiss();
        // by the second reply the server has noticed that the client is gone
        for (let turn = 0; turn < 2; turn += 1) await other.command("NOOP");
      } finally {
        opening.release();
      }
      if (!client.socket.destroyed) {
        assert.is(await client.reply(), "530 Login incorrect.");
        assert.match(await client.command("PWD"), /^530 /);
      } else while (!events.some(({ event }) => event === "disconnected")) await other.command("NOOP");
      users.set("alice", alice);
    }
    assert.not.ok(events.some(({ event }) => event === "login"));
  });
});

test("no verb works for an account that has changed, even before its session is ended", async () => {
  await withFtp(async ({ login, users }) => {
    const client = await login();
    users.delete("alice");
    const forUsers = [...VERBS].filter(([, verb]) => verb.for === "users");
    assert.ok(forUsers.length > 30);
    for (const [verb] of forUsers) assert.match(await client.command(`${verb} x`), /^530 /, verb);
    assert.match(await client.command("STAT /"), /^530 /);
  });
});

test("USER ends the previous login", async () => {
  await withFtp(async ({ login }) => {
    const client = await login();
    assert.equal(await codes(client, "MKD d", "CWD d", "USER bob", "PWD", `PASS ${PASSWORDS["bob"]}`), [
      ...[257, 250, 331, 530, 230],
    ]);
    assert.match(await client.command("PWD"), /^257 "\/" /);
    assert.match(await client.command("MKD x"), /^550 /);
  });
});

test.run();
