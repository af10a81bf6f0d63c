/** The login over channels in memory, with both sides and with an attacker in between. */

import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Attempts } from "../../../exercises/06-login/attempts.ts";
import { acceptLogin, FINAL, logIn } from "../../../exercises/06-login/login.ts";
import { receive, send } from "../../../exercises/06-login/protocol.ts";
import {
  deriveKeys,
  formatClientFirst,
  formatWithoutProof,
  GS2_HEADER,
  joinAuthMessage,
  MIN_ITERATIONS,
  makeCredential,
  parseServerFirst,
  prove,
} from "../../../exercises/06-login/scram.ts";
import { type User, UserList, userListFile } from "../../../exercises/06-login/user-list.ts";
import { toBase64 } from "../../../lib/bytes/bytes.ts";
import type { Channel } from "../../../lib/channel/channel.ts";
import { openPair } from "../../support/channels.ts";
import { holdCall } from "../../support/hold-call.ts";
import { rejects } from "../../support/rejects.ts";
import { MEMORY, withFolder } from "../../support/temporary.ts";

const TIMEOUT = 10;
const PASSWORD = "correct horse";
const WRONG = "the server refuses us: wrong user name or password";
const PARAMETERS = { salt: new Uint8Array(16).fill(7), iterations: MIN_ITERATIONS };
const ALICE: User = {
  name: "alice",
  credential: await makeCredential(PASSWORD, PARAMETERS),
  role: "operator",
  isLocked: false,
};

interface Scene {
  file: string;
  users: UserList;
  attempts: Attempts;
  /** What was refused. */
  refused: [user: string | undefined, reason: string][];
  accept: (channel: Channel, signal?: AbortSignal) => Promise<User | undefined>;
}

async function withUsers(use: (scene: Scene) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const file = join(folder, "users.csv");
    await userListFile(file).edit(() => [ALICE, { ...ALICE, name: "bob", isLocked: true }]);
    const users = await UserList.open(file, new Uint8Array(32));
    const attempts = new Attempts(0.001);
    const refused: Scene["refused"] = [];
    const server = {
      users,
      attempts,
      timeout: TIMEOUT,
      refused: (user: User | undefined, reason: string) => refused.push([user?.name, reason]),
    };
    const accept = (channel: Channel, signal = new AbortController().signal) =>
      acceptLogin({ channel, host: "192.0.2.1", signal }, server);
    await use({ file, users, attempts, refused, accept });
  }, MEMORY);
}

test("a user with the right password logs in", async () => {
  await withUsers(async ({ accept, refused }) => {
    const { client, server } = await openPair();
    const [user] = await Promise.all([
      accept(server),
      logIn(client, "alice", { password: PASSWORD, timeout: TIMEOUT }),
    ]);
    assert.equal(user, ALICE);
    assert.equal(refused, []);
  });
});

test("wrong password, unknown user and a name that is none are refused in the same words, for good", async () => {
  await withUsers(async ({ accept, refused }) => {
    for (const [user, password] of [
      ["alice", "wrong horse"],
      ["carol", PASSWORD],
      ["my password", PASSWORD],
    ] as const) {
      const { client, server } = await openPair();
      const accepted = accept(server);
      const error = await logIn(client, user, { password, timeout: TIMEOUT }).catch((reason) => reason);
      assert.is(error.message, WRONG);
      assert.is(error.cause, FINAL);
      assert.is(await accepted, undefined);
    }
    const reason = "wrong user name or password";
    assert.equal(refused, [
      ["alice", reason],
      [undefined, reason],
      [undefined, reason],
    ]);
  });
});

test("a locked user learns it with the right password, and not with a wrong one", async () => {
  await withUsers(async ({ accept }) => {
    for (const [password, reason] of [
      [PASSWORD, "the server refuses us: this account is locked"],
      ["wrong horse", WRONG],
    ] as const) {
      const { client, server } = await openPair();
      const accepted = accept(server);
      await rejects(logIn(client, "bob", { password, timeout: TIMEOUT }), reason);
      assert.is(await accepted, undefined);
    }
  });
});

test("a proof that was made for another channel is refused, also with that channel's nonces", async () => {
  await withUsers(async ({ accept }) => {
    // mallory runs a server that alice trusts, and relays her login to the real one
    const [toMallory, toServer] = [await openPair(), await openPair()];
    const accepted = accept(toServer.server);
    const alice = logIn(toMallory.client, "alice", { password: PASSWORD, timeout: TIMEOUT });
    for (const [from, to] of [
      [toMallory.server, toServer.client],
      [toServer.client, toMallory.server],
      [toMallory.server, toServer.client],
      [toServer.client, toMallory.server],
    ] as const) {
      const message = await receive(from, TIMEOUT);
      if (message) await send(to, message, TIMEOUT);
    }
    await rejects(alice, WRONG);
    assert.is(await accepted, undefined);
  });
});

test("a recorded login is refused in another session: the server's nonce is another", async () => {
  await withUsers(async ({ accept }) => {
    const { client, server } = await openPair();
    const accepted = accept(server);
    const nonce = "n".repeat(24);
    const first = formatClientFirst("alice", nonce);
    await send(client, { type: "login", text: first }, TIMEOUT);
    const answer = await receive(client, TIMEOUT);
    const serverFirst = answer?.type === "login" ? answer.text : "";
    const { nonce: both } = parseServerFirst(serverFirst, nonce);
    const binding = client.exportKey("sml/06/v1/login", new Uint8Array(), 32);
    // as in another session: the same channel, another nonce of the server
    const recorded = formatWithoutProof(binding, `${nonce}${"m".repeat(both.length - nonce.length)}`);
    const authMessage = joinAuthMessage(first.slice(GS2_HEADER.length), serverFirst, recorded);
    const proof = prove(await deriveKeys(PASSWORD, PARAMETERS), authMessage);
    await send(client, { type: "login", text: `${recorded},p=${toBase64(proof)}` }, TIMEOUT);
    assert.equal(await receive(client, TIMEOUT), { type: "refused", reason: WRONG.replace(/^.*: /, "") });
    assert.is(await accepted, undefined);
  });
});

test("a server that does not know the user's keys is refused, for good", async () => {
  const { client, server } = await openPair();
  const login = logIn(client, "alice", { password: PASSWORD, timeout: TIMEOUT });
  const first = await receive(server, TIMEOUT);
  const nonce = first?.type === "login" ? first.text.split("r=")[1] : "";
  const serverFirst = `r=${nonce}${"m".repeat(24)},s=${toBase64(PARAMETERS.salt)},i=${MIN_ITERATIONS}`;
  await send(server, { type: "login", text: serverFirst }, TIMEOUT);
  await receive(server, TIMEOUT);
  await send(server, { type: "login", text: `v=${toBase64(new Uint8Array(32))}` }, TIMEOUT);
  const error = await login.catch((reason) => reason);
  assert.is(error.message, "the server is refused: it does not know this password's user");
  assert.is(error.cause, FINAL);
});

test("a client that sends a message before its login, garbage, or nothing is refused", async () => {
  await withUsers(async ({ accept }) => {
    const text = { type: "text", session: new Uint8Array(16), number: 1, text: "x" } as const;
    const { client, server } = await openPair();
    await send(client, text, TIMEOUT);
    await rejects(accept(server), "the peer sent a message out of turn: text");

    const second = await openPair();
    await send(second.client, { type: "login", text: "let me in" }, TIMEOUT);
    await rejects(accept(second.server), /^malformed login: /);

    const third = await openPair();
    await third.client.send(new Uint8Array([99]));
    await rejects(accept(third.server), /^malformed message/);

    const fourth = await openPair();
    await fourth.client.end();
    await rejects(accept(fourth.server), "the peer has closed the channel");
  });
});

for (const [change, edit] of [
  ["removed", () => []],
  ["locked", () => [{ ...ALICE, isLocked: true }]],
  ["given another role", () => [{ ...ALICE, role: "drone" as const }]],
] satisfies [string, () => User[]][])
  test(`a user who is ${change} while the login is under way is not let in`, async () => {
    await withUsers(async ({ accept, file, users, attempts }) => {
      const changed = new Promise<void>((resolve) => {
        const stop = users.watch({
          changed: () => {
            stop();
            resolve();
          },
          failed: () => {},
        });
      });
      const held = holdCall(attempts, "attempt");
      const { client, server } = await openPair();
      const accepted = accept(server);
      const login = logIn(client, "alice", { password: PASSWORD, timeout: TIMEOUT });
      await held.called;
      await userListFile(file).edit(edit);
      await changed;
      held.release();
      await rejects(login, WRONG);
      assert.is(await accepted, undefined);
    });
  });

test("an unknown user gets the same salt each time, and as many iterations as others", async () => {
  await withUsers(async ({ accept }) => {
    const ask = async (name: string) => {
      const { client, server } = await openPair();
      const accepted = accept(server).catch(() => {});
      const nonce = "n".repeat(24);
      await send(client, { type: "login", text: formatClientFirst(name, nonce) }, TIMEOUT);
      const answer = await receive(client, TIMEOUT);
      client.destroy("enough");
      await accepted;
      return parseServerFirst(answer?.type === "login" ? answer.text : "", nonce);
    };
    const [alice, carol, again, dave] = [
      await ask("alice"),
      await ask("carol"),
      await ask("carol"),
      await ask("dave"),
    ];
    assert.equal(carol.salt, again.salt);
    assert.not.equal(carol.salt, dave.salt);
    assert.is(carol.iterations, alice.iterations);
    assert.is(carol.salt.length, alice.salt.length);
  });
});

test.run();
