/** The same scripts under tsx, Node, Deno and Bun, in every pair of two. */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { findFreePorts } from "../support/free-ports.ts";
import { type KeyFolder, makeKeyFolder } from "../support/key-folder.ts";
import { Program, ROOT } from "../support/launch.ts";

const installed = (name: string) => fileURLToPath(new URL(`node_modules/.bin/${name}`, import.meta.url));
const RUNTIMES = {
  tsx: [`${ROOT}node_modules/.bin/tsx`],
  node: [installed("node")],
  deno: [installed("deno"), "run", "--quiet", "--allow-net", "--allow-env", "--allow-read", "--allow-write"],
  bun: [installed("bun")],
};
/** Answers as a web server would. */
const LIAR = `require("net").createServer((socket) => socket.on("error", () => {}).end("HTTP/1.1 400 Bad Request"))
  .listen(0, "127.0.0.1", function () { console.error("Listening on 127.0.0.1:" + this.address().port); })`;
const TEXTS = { client: "ping 🌉\n", server: "pong שלום" };

for (const part of ["part1", "part2"]) {
  for (const [serverName, serverRuntime] of Object.entries(RUNTIMES)) {
    for (const [clientName, clientRuntime] of Object.entries(RUNTIMES)) {
      test(`${part}: a ${clientName} client and a ${serverName} server`, async () => {
        const server = new Program([...serverRuntime, `${part}/server.ts`, TEXTS.server, "--port", "0"]);
        try {
          const port = String(await server.port());
          const client = new Program([...clientRuntime, `${part}/client.ts`, "-", "--port", port], {
            input: TEXTS.client,
          });
          const [clientEnding, serverEnding] = [await client.ending, await server.ending];
          assert.is(clientEnding.stdout, `Received message: ${TEXTS.server}\n`, clientEnding.stderr);
          assert.is(serverEnding.stdout, "Received message: ping 🌉\\n\n", serverEnding.stderr);
          assert.equal([clientEnding.status, serverEnding.status], [0, 0]);
        } finally {
          await server.stop();
        }
      });
    }
  }
}

for (const [name, runtime] of Object.entries(RUNTIMES)) {
  test(`${name}: the channel's primitives are those of WebCrypto`, async () => {
    const { status, stdout, stderr } = await new Program([...runtime, "test/runtimes/primitives.ts"]).ending;
    assert.is(status, 0, stderr);
    assert.match(stdout, /^the same as WebCrypto, 40 times/);
  });
}

/** The flags of each exercise's server, beside its keys. */
const FLAGS: Record<string, (keys: KeyFolder) => Promise<string[]>> = {
  "01-persisted-keys": async () => [],
  "02-refactor": async () => [],
  "03-allow-list": async (keys) => {
    writeFileSync(
      keys.file("allowed.csv"),
      `name,fingerprint,comment\nalice,${keys.fingerprint("alice")},\n`,
    );
    return ["--allowed", keys.file("allowed.csv")];
  },
  "04-port-switching": async () => {
    const first = await findFreePorts(2);
    return ["--pool", `${first}-${first + 1}`];
  },
};

const runtimes = Object.entries(RUNTIMES);
for (const [exercise, makeFlags] of Object.entries(FLAGS)) {
  // each runtime serves the next one
  for (const [index, [serverName, serverRuntime]] of runtimes.entries()) {
    const [clientName = "", clientRuntime = []] = runtimes[(index + 1) % runtimes.length] ?? [];
    test(`${exercise}: a ${clientName} client and a ${serverName} server`, async () => {
      const keys = await makeKeyFolder({ server: "rsa-2048-a", alice: "rsa-2048-b" });
      const script = (side: string) => `exercises/${exercise}/${side}.ts`;
      const flags = ["--keys", keys.path, ...(await makeFlags(keys))];
      const server = new Program([
        ...serverRuntime,
        script("server"),
        TEXTS.server,
        ...["--port", "0", ...flags],
      ]);
      try {
        const where = ["--port", String(await server.port()), "--keys", keys.path, "--name", "alice"];
        const client = new Program([...clientRuntime, script("client"), "ping 🌉", ...where]);
        const ending = await client.ending;
        assert.is(ending.stdout, `Received message: ${TEXTS.server}\n`, ending.stderr + server.stderr);
        assert.is(ending.status, 0);
        server.child.kill("SIGTERM");
        const served = await server.ending;
        assert.is(served.stdout, "Received message: ping 🌉\n", served.stderr);
        // tsx sets its own status if the server, busy with a key, does not react to the signal at
        // once
        if (serverName !== "tsx") assert.is(served.status, 0, served.stderr);
      } finally {
        await server.stop();
        await keys.remove();
      }
    });
  }
}

for (const [index, [serverName, serverRuntime]] of runtimes.entries()) {
  const [clientName = "", clientRuntime = []] = runtimes[(index + 1) % runtimes.length] ?? [];
  test(`06-login: a ${clientName} client and a ${serverName} server, whose users ${clientName} adds`, async () => {
    const keys = await makeKeyFolder({ server: "rsa-2048-a", alice: "rsa-2048-b" });
    const folder = "exercises/06-login";
    const [users, journal] = [keys.file("users.csv"), keys.file("journal.jsonl")];
    writeFileSync(keys.file("password"), "correct horse\n", { mode: 0o600 });
    const secret = ["--password-file", keys.file("password")];
    const add = ["add", "alice", "--users", users, "--cost", "4096", ...secret];
    const added = await new Program([...clientRuntime, `${folder}/users.ts`, ...add]).ending;
    assert.is(added.status, 0, added.stderr);
    const flags = ["--users", users, "--journal", journal, "--keys", keys.path, "--port", "0"];
    const server = new Program([...serverRuntime, `${folder}/server.ts`, ...flags]);
    try {
      const who = ["--user", "alice", "--name", "alice", ...secret];
      const where = ["--port", String(await server.port()), "--keys", keys.path];
      const input = "ping 🌉\ntwo\n";
      const client = new Program([...clientRuntime, `${folder}/client.ts`, ...who, ...where], { input });
      const ending = await client.ending;
      assert.is(ending.stdout, "Confirmed: 1\nConfirmed: 2\n", ending.stderr + server.stderr);
      assert.is(ending.status, 0);
      server.child.kill("SIGTERM");
      const served = await server.ending;
      assert.is(served.stdout, "Received message: ping 🌉\nReceived message: two\n", served.stderr);
      assert.is(readFileSync(journal, "utf8").split("\n").length, 3);
    } finally {
      await server.stop();
      await keys.remove();
    }
  });
}

for (const [name, runtime] of runtimes) {
  test(`${name}: exercise 07 runs, or says that ZeroMQ does not`, async () => {
    const keys = await makeKeyFolder({ server: "rsa-2048-a" });
    const flags = ["--no-window", "--port", "0", "--keys", keys.path];
    const server = new Program([...runtime, "exercises/07-chat/server.ts", "Alice", ...flags]);
    try {
      if (name === "tsx" || name === "node") await server.port();
      else {
        const { status, stderr } = await server.ending;
        assert.match(
          stderr,
          /\nerror: ZeroMQ cannot be loaded here: run this with Node, after npm install\n$/,
        );
        assert.is(status, 1);
      }
    } finally {
      // tsx passes this on to the process that it has started
      server.child.kill("SIGINT");
      await server.ending;
      await keys.remove();
    }
  });

  test(`${name}: a mistake on the command line is one line, and status 2`, async () => {
    const ending = await new Program([...runtime, "part2/client.ts"]).ending;
    assert.is(ending.stderr, "error: no message given; see --help\n");
    assert.is(ending.status, 2);
  });

  test(`${name}: a host that does not resolve is one line, and status 1`, async () => {
    const ending = await new Program([...runtime, "part2/client.ts", "ping", "--host", "unknown.invalid"])
      .ending;
    assert.match(
      ending.stderr,
      /^My key: .*\nerror: no address is known for the host unknown\.invalid; check --host\n$/,
    );
    assert.is(ending.status, 1);
  });

  test(`${name}: a web server instead of ours is refused`, async () => {
    const server = new Program([process.execPath, "-e", LIAR]);
    try {
      const port = String(await server.port());
      const ending = await new Program([...runtime, "part2/client.ts", "ping", "--port", port]).ending;
      assert.match(
        ending.stderr,
        /\nerror: the peer announced a frame of 1213486160 bytes, at most 8192 are accepted\n$/,
      );
      assert.is(ending.status, 1);
    } finally {
      await server.stop();
    }
  });
}

test.run();
