/**
 * Exercise 05's server as a process: its command line, its certificate, its log, and its shutdown.
 */
import { spawnSync } from "node:child_process";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatUsers, type UserEntry } from "../../exercises/05-ftp/ftp/server/user-list.ts";
import { fingerprintOf } from "../../lib/crypto/identity.ts";

import { hashPassword } from "../../lib/passwords/password.ts";
import { findFreePorts } from "../support/free-ports.ts";
import { PASSWORDS, pattern, RawClient } from "../support/ftp-server.ts";
import { type KeyFolder, makeKeyFolder } from "../support/key-folder.ts";
import { type Ending, Program, TSX } from "../support/launch.ts";

const SCRIPT = "exercises/05-ftp/server.ts";
// in memory if possible: each upload waits until it is on the disk
const FAST = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const python = ["/usr/bin/python3", "python3"].find(
  (command) => spawnSync(command, ["-c", "import ftplib"]).status === 0,
);

let keys: KeyFolder;
let folder: string;
let entries: UserEntry[];
const file = (name: string) => join(folder, name);

test.before(async () => {
  keys = await makeKeyFolder({ server: "rsa-3072", other: "rsa-2048-a" });
  folder = await mkdtemp(join(FAST, "sml-ftp-"));
  entries = await Promise.all(
    Object.entries(PASSWORDS).map(async ([name, password]) => ({
      ...{ name, home: `/${name}`, quota: undefined, readOnly: false, admin: false },
      password: await hashPassword(password, 1000),
    })),
  );
  await writeUsers(entries);
});
test.after(async () => {
  await keys.remove();
  await rm(folder, { recursive: true, force: true });
});

async function writeUsers(users: UserEntry[]): Promise<void> {
  await writeFile(file("users.csv"), formatUsers(users), { mode: 0o600 });
}

async function start(...flags: string[]): Promise<Program> {
  const first = await findFreePorts(4);
  return new Program([
    ...[...TSX, SCRIPT, "--port", "0", "--passive", `${first}-${first + 3}`, "--keys", keys.path],
    ...["--root", file(""), "--users", file("users.csv"), ...flags],
  ]);
}

/** Runs `work` against a server, then stops it as a user would; returns its output. */
async function withServer(
  flags: string[],
  work: (server: Program, port: number) => Promise<void>,
): Promise<Ending> {
  const server = await start(...flags);
  try {
    await work(server, await server.port());
    server.child.kill("SIGINT");
    const ending = await server.ending;
    assert.is(ending.status, 0, ending.stderr);
    assert.not.match(ending.stderr, /^ +at |^error: /m);
    assert.is(ending.stdout, "");
    return ending;
  } finally {
    await server.stop();
  }
}

async function login(port: number): Promise<RawClient> {
  const client = await RawClient.connect(port);
  await client.encrypt();
  await client.login();
  return client;
}

for (const [flags, line] of [
  [["--passive", "5-1"], /^error: --passive "5-1": expected FIRST-LAST/],
  [["--cert", "x"], /^error: --cert and --key go together$/],
  [["--tls-max", "1.1"], /^error: --tls-max "1\.1": expected 1\.2 or 1\.3$/],
  [["--idle", "0"], /^error: --idle "0": expected seconds/],
  [["--sessions", "none"], /^error: --sessions "none": expected a number from 1 to 99999$/],
  [["hello"], /^error: "hello" is no flag/],
  [["--root", ""], /^error: --root is missing/],
] as const) {
  test(`${flags.join(" ")} is a usage error`, async () => {
    const { status, stderr, stdout } = await (await start(...flags)).ending;
    assert.is(status, 2, stderr);
    assert.match(stderr.replace(/^My key: .*\n/, "").trimEnd(), line);
    assert.is(stdout, "");
  });
}

test("unusable files are reported in one line, with status 1", async () => {
  await writeFile(file("bad.pem"), "hello");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const encryption = { cipher: "aes-256-cbc", passphrase: "secret" };
  await writeFile(file("encrypted.pem"), privateKey.export({ type: "pkcs8", format: "pem", ...encryption }));
  for (const [flags, line] of [
    [["--users", file("none.csv")], /the user list .*none\.csv cannot be used: there is no such file/],
    [["--root", file("none")], /^error: cannot use --root \S+none: there is no such/],
    [["--root", file("bad.pem")], /^error: cannot use --root \S+bad\.pem: /],
    [
      ["--cert", file("bad.pem"), "--key", keys.file("server.pem")],
      /^error: cannot use --cert \S+bad\.pem as a certificate in PEM: no start line/,
    ],
    [
      ["--cert", file("none.pem"), "--key", keys.file("server.pem")],
      /^error: \S+none\.pem cannot be used: there is no such file/,
    ],
    [
      ["--cert", "test/keys/identity-3072-a.cert.pem", "--key", file("encrypted.pem")],
      /^error: \S+encrypted\.pem cannot be used: it is encrypted; take its password off with: openssl pkey/,
    ],
    [
      ["--cert", "test/keys/identity-3072-a.cert.pem", "--key", keys.file("server.pem")],
      /^error: cannot use --key \S+server\.pem with --cert \S+: key values mismatch/,
    ],
    [["--log", file("none/log")], /^error: cannot write the log \S+log: there is no such file or folder/],
    [["--log", file(".")], /^error: cannot write the log \S+: it is a folder/],
  ] as const) {
    const { status, stderr } = await (await start(...flags)).ending;
    assert.is(status, 1, stderr);
    assert.match(stderr.replace(/^My key: .*\n/, ""), line);
    assert.is(
      stderr
        .trimEnd()
        .split("\n")
        .filter((each) => !each.startsWith("My key:")).length,
      1,
      stderr,
    );
  }
});

test("the certificate is created at the first start, for the stored identity, and stays", async () => {
  const shown: string[] = [];
  for (let round = 0; round < 2; round += 1)
    await withServer([], async (server, port) => {
      const client = await RawClient.connect(port);
      await client.encrypt();
      const certificate = peerCertificate(client);
      const spki = certificate.publicKey.export({ type: "spki", format: "der" });
      assert.is(await fingerprintOf(new Uint8Array(spki)), keys.fingerprint("server"));
      assert.ok(
        server.stderr.startsWith(`My key:     ${keys.fingerprint("server")}\nListening on 127.0.0.1:`),
      );
      shown.push(certificate.fingerprint256);
      client.close();
    });
  assert.is(shown[0], shown[1]);
  assert.is(new X509Certificate(await readFile(keys.file("server.cert.pem"))).fingerprint256, shown[0]);
});

test("--cert and --key: TLS uses these", async () => {
  const [cert, key] = [file("own.cert.pem"), keys.file("other.pem")];
  const openssl = spawnSync("openssl", ["req", "-x509", "-key", key, "-subj", "/CN=own", "-out", cert]);
  assert.is(openssl.status, 0, String(openssl.stderr));
  await withServer(["--cert", cert, "--key", key], async (_, port) => {
    const client = await RawClient.connect(port);
    await client.encrypt();
    assert.is(peerCertificate(client).subject, "CN=own");
    client.close();
  });
});

test("--tls-max: OpenSSL, curl and our client get TLS 1.2, and a client that needs 1.3 is refused", async () => {
  const { stderr } = await withServer(["--tls-max", "1.2"], async (_, port) => {
    const shake = (...flags: string[]) =>
      new Program(
        ["openssl", "s_client", "-connect", `127.0.0.1:${port}`, "-starttls", "ftp", "-brief", ...flags],
        { input: "QUIT\r\n" },
      ).ending;
    assert.match((await shake()).stderr, /^Protocol version: TLSv1\.2$/m);
    assert.is((await shake("-tls1_3")).status, 1);
    await writeFile(file("password"), `${PASSWORDS["alice"]}\n`, { mode: 0o600 });
    const curl = ["curl", "-sS", "--ssl-reqd", "--tls-max", "1.2", "--cacert", keys.file("server.cert.pem")];
    const url = `ftp://127.0.0.1:${port}/by-curl`;
    const ours = [
      ...[...TSX, "exercises/05-ftp/client.ts", "--port", String(port), "--keys", keys.path, "--tls"],
      ...["--tls-max", "1.2", "--user", "alice", "--password-file", file("password")],
    ];
    for (const command of [
      [...curl, "-u", `alice:${PASSWORDS["alice"]}`, "-T", file("users.csv"), url],
      [...ours, "get", "by-curl", file("fetched")],
    ]) {
      const ending = await new Program(command).ending;
      assert.is(ending.status, 0, ending.stderr);
    }
    assert.equal(await readFile(file("fetched")), await readFile(file("users.csv")));
  });
  const versions = [...stderr.matchAll(/"mechanism":"TLS, (\S+)/g)].map(([, version]) => version);
  assert.equal(versions, ["TLSv1.2", "TLSv1.2", "TLSv1.2"]);
});

test("--fingerprint: only X-SML is offered, since TLS does not authenticate the client", async () => {
  await withServer(["--fingerprint", keys.fingerprint("other")], async (_, port) => {
    const client = await RawClient.connect(port);
    assert.match(await client.command("FEAT"), / AUTH X-SML\r\n/);
    assert.match(await client.command("AUTH TLS"), /^504 /);
    client.close();
  });
});

test("--log: a line of JSON for each connection, login and file, without a secret; the default is standard error", async () => {
  const work = async (_: Program, port: number) => {
    const client = await login(port);
    await client.upload("STOR a\u001b[31m", pattern(10));
    await client.download("RETR a\u001b[31m");
    await client.command("DELE a\u001b[31m");
    await client.command(`USER ${PASSWORDS["alice"]}`);
    await client.command("PASS mistyped");
    await client.command("QUIT");
    client.close();
  };
  const log = file("log");
  const quiet = await withServer(["--log", log], work);
  assert.is(quiet.stderr.trimEnd().split("\n").length, 2, quiet.stderr);
  const loud = await withServer([], work);
  const lines = [await readFile(log, "utf8"), loud.stderr.replace(/^(?:My key|Listening).*\n/gm, "")];
  for (const text of lines) {
    const events = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.equal(
      events.map(({ event }) => event),
      [
        ...[
          "started",
          "connected",
          "encrypted",
          "login",
          "uploaded",
          "downloaded",
          "removed",
          "login refused",
        ],
        ...["disconnected", "stopped"],
      ],
    );
    assert.equal([events[4].user, events[4].path, events[4].bytes], ["alice", "/a\u001b[31m", 10]);
    for (const secret of [...Object.values(PASSWORDS), "mistyped"]) assert.not.ok(text.includes(secret));
    assert.not.match(text, /[^\P{Cc}\n]/u, "a control character was printed");
  }
  assert.is((await stat(log)).mode & 0o777, 0o600);
});

test("a user who is removed, or whose rights change, is disconnected at once", async () => {
  await withServer([], async (_, port) => {
    const [first, second] = [await login(port), await login(port)];
    await writeUsers(entries.map((entry) => ({ ...entry, readOnly: entry.name === "alice" })));
    assert.match(await first.reply(), /^421 /);
    assert.match(await second.reply(), /^421 /);
    const again = await login(port);
    assert.match(await again.command("MKD x"), /^550 /);
    await writeUsers(entries.filter(({ name }) => name !== "alice"));
    assert.match(await again.reply(), /^421 /);
    await writeUsers(entries);
    for (const client of [first, second, again]) client.close();
  });
});

test("Ctrl-C notifies all sessions, aborts transfers, and ends with status 0", async () => {
  await writeFile(file("alice/big"), "");
  await truncate(file("alice/big"), 64 * 1024 * 1024);
  let client: RawClient | undefined;
  await withServer([], async (_, port) => {
    client = await login(port);
    const socket = await client.connectData(await client.passive());
    assert.match(await client.command("RETR big"), /^150 /);
    const stream = client.protect(socket);
    await once(stream, "data");
    stream.pause();
  });
  assert.match((await client?.reply()) ?? "", /^426 /);
  assert.match((await client?.reply()) ?? "", /^421 /);
  client?.close();
});

test("a kill -9 just after 226 loses nothing", async () => {
  const server = await start();
  try {
    const client = await login(await server.port());
    for (let round = 0; round < 2; round += 1)
      assert.match(await client.upload("STOR kept", pattern(300_000 + round)), /^226 /);
    await server.stop();
    assert.equal(new Uint8Array(await readFile(file("alice/kept"))), pattern(300_001));
    client.close();
  } finally {
    await server.stop();
  }
});

test("a port in use is reported in one line that says what to do", async () => {
  await withServer([], async (_, port) => {
    const { status, stderr } = await (await start("--port", String(port))).ending;
    assert.is(status, 1);
    assert.match(stderr, /error: 127\.0\.0\.1:\d+ is in use by another program; choose another --port/);
    const probe = connect(port, "127.0.0.1");
    assert.match(String((await once(probe, "data"))[0]), /^220 /);
    probe.destroy();
  });
});

if (python === undefined && !process.env["CI"]) {
  console.log("left out: python3 is not here (Debian: python3)");
  test.skip("--allow-plaintext: ftplib aborts a transfer with urgent data");
} else {
  test("--allow-plaintext: ftplib aborts a transfer with urgent data", async () => {
    await writeFile(file("alice/big"), "");
    await truncate(file("alice/big"), 64 * 1024 * 1024);
    await withServer(["--allow-plaintext"], async (_, port) => {
      const script = `
import ftplib
ftp = ftplib.FTP(timeout=120)
ftp.connect("127.0.0.1", ${port})
ftp.login("alice", "${PASSWORDS["alice"]}")
data = ftp.transfercmd("RETR big")
data.recv(1000)
print(ftp.abort()[:3])
print(ftp.getmultiline()[:3])
data.close()
print(ftp.pwd())
ftp.quit()
`;
      const { status, stdout, stderr } = await new Program([python ?? "python3", "-c", script]).ending;
      assert.is(status, 0, stderr);
      assert.equal(stdout.split("\n").slice(0, 3), ["426", "226", "/"]);
    });
  });
}

function peerCertificate(client: RawClient): X509Certificate {
  const { certificate } = client;
  if (!certificate) throw new Error("no certificate");
  return certificate;
}

test.run();
