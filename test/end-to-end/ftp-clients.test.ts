/**
 * Exercise 05's server with third-party clients: curl, lftp, Python's ftplib and npm's basic-ftp,
 * and an eavesdropper.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Client } from "basic-ftp";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatUsers } from "../../exercises/05-ftp/ftp/server/user-list.ts";
import { toHex } from "../../lib/bytes/bytes.ts";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";
import { hashPassword } from "../../lib/passwords/password.ts";
import { findText } from "../support/find-text.ts";
import { findFreePorts } from "../support/free-ports.ts";
import { type FtpRelay, RELAY, relayFtp } from "../support/ftp-relay.ts";
import { pattern } from "../support/ftp-server.ts";
import { type KeyFolder, makeKeyFolder } from "../support/key-folder.ts";
import { Program, TSX } from "../support/launch.ts";

const MANY = 10_000;
const WRITE_ONLY = 24;
const PORTS = 16;
const VERSIONS = ["1.2", "1.3"] as const;
// in memory if possible: each upload waits until it is on the disk
const FAST = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const TEXT = "first line\nsecond line\n\nlast line\n";

/** What a client has to do; its files are in `local`. */
interface Task {
  host: string;
  port: number;
  user: string;
  password: string;
  /** The file of the certificate. */
  ca: string;
  version: (typeof VERSIONS)[number];
  local: string;
  /** A file to download as `down`, and to resume as `partial`. */
  down: string;
  /** The name for the file `up`, and of a file that has its start already. */
  up: string;
  part: string;
  /** A folder to create; a file `before` goes there, and is renamed to `after`. */
  folder: string;
}

/** The names that a client has seen in its home, and the number of names in `many`. */
interface Seen {
  names: string[];
  many: number;
}

const python = ["/usr/bin/python3", "python3"].find((command) => runs(command, ["-c", "import ftplib, ssl"]));

const CLIENTS: Record<string, { isHere: boolean; debian?: string; work: (task: Task) => Promise<Seen> }> = {
  curl: { isHere: runs("curl", ["--version"]), work: workWithCurl },
  lftp: { isHere: runs("lftp", ["--version"]), work: workWithLftp },
  ftplib: { isHere: python !== undefined, debian: "python3", work: workWithFtplib },
  "basic-ftp": { isHere: true, work: workWithBasicFtp },
};

let keys: KeyFolder;
let folder: string;
/** The user's folder on the host. */
let home: string;
let server: Program;
let relay: FtpRelay;
let port: number;
const user = `user-${toHex(randomBytes(8))}`;
const password = `pass ${toHex(randomBytes(8))}`;

test.before(async () => {
  // the server creates its certificate
  keys = await makeKeyFolder({ server: "rsa-3072" });
  folder = await mkdtemp(join(FAST, "sml-ftp-"));
  const entry = { name: user, home: "/home", quota: undefined, readOnly: false, admin: false };
  const users = formatUsers([{ ...entry, password: await hashPassword(password, 1000) }]);
  await writeFile(join(folder, "users.csv"), users, { mode: 0o600 });
  home = join(folder, "root", "home");
  await mkdir(join(home, "many"), { recursive: true });
  for (let index = 0; index < MANY; index += 500)
    await Promise.all(
      Array.from({ length: 500 }, (_, offset) => writeFile(join(home, "many", `file ${index + offset}`), "")),
    );
  const first = await findFreePorts(PORTS);
  server = new Program([
    ...[...TSX, "exercises/05-ftp/server.ts", "--port", "0", "--passive", `${first}-${first + PORTS - 1}`],
    ...["--keys", keys.path, "--root", join(folder, "root"), "--users", join(folder, "users.csv")],
  ]);
  port = await server.port();
  relay = await relayFtp([port, ...Array.from({ length: PORTS }, (_, index) => first + index)]);
});

test.after(async () => {
  relay.close();
  server.child.kill("SIGTERM");
  const { status, stderr } = await server.ending;
  await server.stop();
  await keys.remove();
  await rm(folder, { recursive: true, force: true });
  assert.is(status, 0, stderr);
  assert.not.match(stderr, /^ +at /m, "a stack was printed");
});

for (const [name, { isHere, debian = name, work }] of Object.entries(CLIENTS)) {
  if (!isHere && !process.env["CI"]) {
    console.log(`left out: ${name} is not here (Debian: ${debian})`);
    test.skip(`${name} does all that it can`);
    continue;
  }
  for (const version of VERSIONS)
    test(`${name} over TLS ${version} does everything it can, and an eavesdropper learns nothing`, async () => {
      const local = await mkdtemp(join(FAST, "sml-local-"));
      try {
        await check({ local, version }, work);
      } finally {
        await rm(local, { recursive: true, force: true });
      }
    });
}

if (python === undefined && !process.env["CI"]) test.skip("uploads of a client that never reads");
else
  test("uploads of a client that never reads its data connections are stored", async () => {
    const contents = pattern(3_000_000);
    const file = join(folder, "whole");
    await writeFile(file, contents);
    const task = { host: "127.0.0.1", port, user, password, ca: keys.file("server.cert.pem"), file };
    const output = await run(
      [python ?? "python3", "test/interop/ftp_write_only.py"],
      JSON.stringify({ ...task, count: WRITE_ONLY }),
    );
    const { whole, cut } = JSON.parse(output);
    assert.equal(whole, Array(WRITE_ONLY).fill("226 Transfer complete."));
    for (let index = 0; index < WRITE_ONLY; index += 1)
      assert.ok(Buffer.from(contents).equals(await readFile(join(home, `whole ${index}`))), `whole ${index}`);
    assert.match(cut, /^426 /, "without close_notify it is not the whole file");
  });

async function check(
  { local, version }: Pick<Task, "local" | "version">,
  work: (task: Task) => Promise<Seen>,
): Promise<void> {
  const secret = toHex(randomBytes(8));
  const task: Task = {
    ...{ host: RELAY, port, user, password, ca: keys.file("server.cert.pem"), version, local },
    down: `herünter-${secret}`,
    up: `hoch 🌉-${secret}`,
    part: `teil-${secret}`,
    folder: `ördner-${secret}`,
  };
  const contents = Buffer.concat([pattern(700_000), Buffer.from(`contents ${secret}`), pattern(33)]);
  await fillHome(contents, task);
  await writeFile(join(local, "up"), contents);
  await writeFile(join(local, "partial"), contents.subarray(0, 300_000));
  await writeFile(join(local, "empty.up"), "");
  await writeFile(join(local, "text.up"), TEXT);
  relay.clear();

  const { names, many } = await work(task);

  const before = ["empty", "gone", "gone folder", "many", "text", task.down, task.part];
  assert.equal(names.sort(), before.sort(), "the names that it saw");
  assert.is(many, MANY);
  for (const name of ["down", "partial"])
    assert.ok(contents.equals(await readFile(join(local, name))), `${name} is another`);
  for (const name of [task.up, task.part, `${task.folder}/after`])
    assert.ok(contents.equals(await readFile(join(home, name))), `${name} is another`);
  assert.is((await stat(join(local, "empty.down"))).size, 0);
  assert.is((await stat(join(home, "empty.up"))).size, 0);
  for (const name of ["gone", "gone folder", `${task.folder}/before`])
    assert.not.ok(existsSync(join(home, name)), name);
  assert.is(await readFile(join(local, "text.down"), "utf8"), TEXT);
  assert.is(await readFile(join(home, "text.up"), "utf8"), TEXT);

  const captured = relay.captured();
  // the capture has everything: control and data
  assert.ok(captured.length > 4 * contents.length, `${captured.length} bytes were captured`);
  assert.ok(relay.connections() > 10);
  for (const text of [secret, password, user, "PASS ", "first line", "ftp ftp"])
    assert.equal(findText(captured, text), [], `${text} was on the wire`);
  assert.match(Buffer.from(captured).toString("latin1"), /AUTH (?:TLS|SSL)\r\n/, "it could have been found");
}

/** Fills the home with what each client expects, and nothing else. */
async function fillHome(contents: Buffer, task: Task): Promise<void> {
  for (const name of await readdir(home))
    if (name !== "many") await rm(join(home, name), { recursive: true });
  await mkdir(join(home, "gone folder"));
  await writeFile(join(home, "gone"), "");
  await writeFile(join(home, "empty"), "");
  await writeFile(join(home, "text"), TEXT);
  await writeFile(join(home, task.down), contents);
  await writeFile(join(home, task.part), contents.subarray(0, 300_000));
}

async function workWithCurl(task: Task): Promise<Seen> {
  const { local, version } = task;
  const url = (path: string) =>
    `ftp://localhost:${task.port}/${path.split("/").map(encodeURIComponent).join("/")}`;
  const curl = async (...args: string[]) => {
    const common = [
      ...["-sS", "--ssl-reqd", "--cacert", task.ca, "--user", `${task.user}:${task.password}`],
      ...["--resolve", `localhost:${task.port}:${task.host}`, `--tlsv${version}`, "--tls-max", version],
    ];
    return run(["curl", ...common, ...args]);
  };
  const at = (name: string) => join(local, name);
  const names = lines(await curl("--list-only", url("")));
  assert.is(lines(await curl(url(""))).length, names.length);
  await curl(url(task.down), "-o", at("down"));
  await curl("-C", "-", url(task.down), "-o", at("partial"));
  await curl("-T", at("up"), url(task.up));
  await curl("-C", "-", "-T", at("up"), url(task.part));
  await curl("-T", at("empty.up"), url("empty.up"));
  await writeFile(at("empty.down"), "");
  await curl(url("empty"), "-o", at("empty.down"));
  await curl("--ftp-create-dirs", "-T", at("up"), url(`${task.folder}/before`));
  const quote = [`RNFR ${task.folder}/before`, `RNTO ${task.folder}/after`, "DELE gone", "RMD gone folder"];
  await curl(...quote.flatMap((command) => ["-Q", command]), "--list-only", url(""), "-o", at("ignored"));
  const many = lines(await curl("--list-only", url("many/"))).length;
  await curl("--use-ascii", url("text"), "-o", at("text.down"));
  await curl("--use-ascii", "--crlf", "-T", at("text.up"), url("text.up"));
  return { names, many };
}

async function workWithLftp(task: Task): Promise<Seen> {
  const quote = (name: string) => `"${name}"`;
  await copyFile(join(task.local, "up"), join(task.local, task.part));
  const output = await run([
    "lftp",
    "--norc",
    "-c",
    `
    set cmd:fail-exit true; set net:max-retries 1; set net:timeout 120; set cmd:interactive false
    set ssl:ca-file ${quote(task.ca)}; set ssl:check-hostname false
    set ssl:priority "NORMAL:-VERS-ALL:+VERS-TLS${task.version}"
    set ftp:ssl-force true; set ftp:ssl-protect-data true; set ftp:ssl-protect-list true; set ftp:prefer-epsv true
    open -u ${task.user},${quote(task.password)} ftp://${task.host}:${task.port}
    lcd ${quote(task.local)}
    nlist
    ls
    get ${quote(task.down)} -o down
    get -c ${quote(task.down)} -o partial
    put up -o ${quote(task.up)}
    put -c ${quote(task.part)}
    put empty.up
    get empty -o empty.down
    mkdir ${quote(task.folder)}
    put up -o ${quote(`${task.folder}/before`)}
    mv ${quote(`${task.folder}/before`)} ${quote(`${task.folder}/after`)}
    rm gone
    rmdir "gone folder"
    get -a text -o text.down
    put -a text.up
    echo MANY
    nlist many
    `,
  ]);
  const [before = "", many = ""] = output.split("MANY\n");
  const names = lines(before).filter((line) => !/ ftp ftp /.test(line));
  return { names, many: lines(many).length };
}

async function workWithFtplib(task: Task): Promise<Seen> {
  return JSON.parse(await run([python ?? "python3", "test/interop/ftp_client.py"], JSON.stringify(task)));
}

async function workWithBasicFtp(task: Task): Promise<Seen> {
  const client = new Client(30_000);
  const at = (name: string) => join(task.local, name);
  const version = `TLSv${task.version}` as const;
  try {
    await client.access({
      ...{ host: task.host, port: task.port, user: task.user, password: task.password, secure: true },
      secureOptions: {
        ca: await readFile(task.ca),
        servername: "localhost",
        minVersion: version,
        maxVersion: version,
      },
    });
    const names = (await client.list()).map(({ name }) => name);
    await client.downloadTo(at("down"), task.down);
    await client.downloadTo(at("partial"), task.down, 300_000);
    await client.uploadFrom(at("up"), task.up);
    await client.appendFrom(at("up"), task.part, { localStart: await client.size(task.part) });
    await client.uploadFrom(at("empty.up"), "empty.up");
    await client.downloadTo(at("empty.down"), "empty");
    await client.ensureDir(task.folder);
    await client.uploadFrom(at("up"), "before");
    await client.rename("before", "after");
    await client.cd("/");
    await client.remove("gone");
    await client.removeDir("gone folder");
    const many = (await client.list("many")).length;
    await client.send("TYPE A");
    await client.downloadTo(at("text.network"), "text");
    await writeFile(at("text.down"), (await readFile(at("text.network"), "utf8")).replaceAll("\r\n", "\n"));
    await writeFile(at("text.network.up"), TEXT.replaceAll("\n", "\r\n"));
    await client.uploadFrom(at("text.network.up"), "text.up");
    return { names, many };
  } finally {
    client.close();
  }
}

/** Runs a program to its end; returns its output. */
async function run(command: string[], input?: string): Promise<string> {
  const { status, stdout, stderr } = await new Program(command, input === undefined ? {} : { input }).ending;
  assert.is(status, 0, `${command.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}

function lines(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line !== "");
}

function runs(command: string, args: string[]): boolean {
  return spawnSync(command, args).status === 0;
}

test.run();
