import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Attempts } from "../../../exercises/06-login/attempts.ts";
import { Journal } from "../../../exercises/06-login/journal.ts";
import type { LoginEvent } from "../../../exercises/06-login/log-events.ts";
import { logIn } from "../../../exercises/06-login/login.ts";
import { Logins, MAX_CANDIDATES } from "../../../exercises/06-login/logins.ts";
import { receive, send } from "../../../exercises/06-login/protocol.ts";
import { Rate } from "../../../exercises/06-login/rate.ts";
import { UserList, userListFile } from "../../../exercises/06-login/user-list.ts";
import type { Channel } from "../../../lib/channel/channel.ts";
import { openPair } from "../../support/channels.ts";
import { makeUsers, PASSWORD } from "../../support/login-server.ts";
import { rejects } from "../../support/rejects.ts";
import { MEMORY, withFolder } from "../../support/temporary.ts";

const TIMEOUT = 60;
const PER_ADDRESS = MAX_CANDIDATES / 4;

interface Scene {
  logins: Logins;
  users: UserList;
  events: LoginEvent[];
  file: string;
  /** Opens a channel to the server; returns the client's end. */
  connect: (address?: string) => Promise<Channel>;
}

async function withLogins(use: (scene: Scene) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const file = join(folder, "users.csv");
    const list = await makeUsers({ alice: "operator", bob: "user" });
    await userListFile(file).edit(() => list);
    const users = await UserList.open(file, new Uint8Array(32));
    const { journal } = await Journal.open(join(folder, "journal"));
    const events: LoginEvent[] = [];
    const logins = new Logins({
      users,
      attempts: new Attempts(0.001),
      journal,
      rate: new Rate(1e9),
      log: (event) => events.push(event),
      timeout: TIMEOUT,
      idle: TIMEOUT,
      perUser: 2,
    });
    const serving: Promise<unknown>[] = [];
    const clients: Channel[] = [];
    const connect = async (address = "192.0.2.1:4000") => {
      const { client, server } = await openPair();
      server.peer.fingerprint = `SHA256:${"A".repeat(43)}`;
      clients.push(client);
      serving.push(
        logins
          .serve(server, address)
          .catch(() => {})
          .finally(() => {
            server.close().catch(() => {});
          }),
      );
      return client;
    };
    await use({ logins, users, events, file, connect });
    for (const client of clients) client.destroy("the test is over");
    await Promise.all(serving);
    await journal.close();
  }, MEMORY);
}

test("an address has a limited number of clients without a login; another one, and those logged in, keep theirs", async () => {
  await withLogins(async ({ connect }) => {
    const alice = await connect();
    await logIn(alice, "alice", { password: PASSWORD, timeout: TIMEOUT });
    const other = await connect("[2001:db8::1]:4000");
    const silent: Channel[] = [];
    for (let index = 0; index <= PER_ADDRESS; index += 1) silent.push(await connect());
    await silent[0]?.closed;
    await rejects(send(silent[0] ?? alice, { type: "login", text: "x" }, TIMEOUT), /./);
    await logIn(silent[1] ?? alice, "bob", { password: PASSWORD, timeout: TIMEOUT });
    await logIn(other, "bob", { password: PASSWORD, timeout: TIMEOUT });
    const text = { type: "text", session: new Uint8Array(16), number: 1, text: "x" } as const;
    await send(alice, text, TIMEOUT);
    assert.is((await receive(alice, TIMEOUT))?.type, "confirmed");
  });
});

test("a user has a limited number of clients; one more is asked to come later", async () => {
  await withLogins(async ({ connect, events }) => {
    const login = { password: PASSWORD, timeout: TIMEOUT };
    for (let index = 0; index < 2; index += 1) await logIn(await connect(), "alice", login);
    const third = await connect();
    await logIn(third, "alice", login);
    assert.equal(await receive(third, TIMEOUT), {
      type: "failed",
      reason: "too many clients of this user: 2",
    });
    await logIn(await connect(), "bob", login);
    assert.equal(
      events.map(({ event, user }) => `${event} ${user}`),
      ["login alice", "login alice", "login refused alice", "login bob"],
    );
  });
});

test("a user who changes while the end of the login is being sent does not stay", async () => {
  await withLogins(async ({ connect, users, events }) => {
    let asked = 0;
    // as after the proof, and no longer after the server's signature was sent
    users.isCurrent = () => {
      asked += 1;
      return asked === 1;
    };
    const alice = await connect();
    await logIn(alice, "alice", { password: PASSWORD, timeout: TIMEOUT });
    assert.equal(await receive(alice, TIMEOUT), { type: "refused", reason: "this account has changed" });
    assert.equal(
      events.map(({ event, outcome }) => `${event}: ${outcome}`),
      ["login refused: this account has changed"],
    );
  });
});

test("dismiss ends the sessions of a user who has changed, and no others", async () => {
  await withLogins(async ({ connect, logins, users, file }) => {
    const login = { password: PASSWORD, timeout: TIMEOUT };
    const [alice, bob] = [await connect(), await connect()];
    await logIn(alice, "alice", login);
    await logIn(bob, "bob", login);
    const changed = new Promise<void>((resolve) => {
      const stop = users.watch({
        changed: () => {
          stop();
          resolve();
        },
        failed: () => {},
      });
    });
    await userListFile(file).edit((all) => all.filter(({ name }) => name !== "alice"));
    await changed;
    logins.dismiss();
    assert.equal(await receive(alice, TIMEOUT), { type: "refused", reason: "this account has changed" });
    const text = { type: "text", session: new Uint8Array(16), number: 1, text: "x" } as const;
    await send(bob, text, TIMEOUT);
    assert.is((await receive(bob, TIMEOUT))?.type, "confirmed");
  });
});

test.run();
