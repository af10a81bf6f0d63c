import { spawn, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { chmod, copyFile, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { text as readAll } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { toHex } from "../../../lib/bytes/bytes.ts";
import { sign, verify } from "../../../lib/crypto/signature.ts";
import { checkSpki } from "../../../lib/crypto/spki.ts";
import { loadIdentity, readPublicKey } from "../../../lib/files/key-files.ts";
import { loadIdentity as loadStock } from "../../support/identities.ts";
import { rejects } from "../../support/rejects.ts";
import { runScript } from "../../support/scripts.ts";
import { withFolder } from "../../support/temporary.ts";

const KEYS = fileURLToPath(new URL("../../keys/", import.meta.url));
const STORE = fileURLToPath(new URL("../../support/store.ts", import.meta.url));
const alice = await loadStock("a");
const bob = await loadStock("b");

/** Puts a private key of the stock into `folder`. */
async function install(folder: string, name: string, stock: string): Promise<string> {
  const file = join(folder, `${name}.pem`);
  await copyFile(`${KEYS}${stock}.pem`, file);
  await chmod(file, 0o600);
  return file;
}

function openssl(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  assert.is(status, 0, stderr);
  return stdout;
}

/** The command that the refusal of `alice` gives to mend it. */
async function commandFor(folder: string): Promise<string> {
  try {
    await loadIdentity(folder, "alice");
  } catch (error) {
    if (error instanceof Error) return error.message.split("with: ")[1] ?? "";
  }
  throw new Error("the key was not refused");
}

test("loadIdentity makes a pair of 3072 bits in files that OpenSSL reads, and loads the same again", async () => {
  await withFolder(async (folder) => {
    const keys = join(folder, "deep", "keys");
    const made = await loadIdentity(keys, "server");
    assert.is(checkSpki(made.spki), 3072);
    assert.equal((await readdir(keys)).sort(), ["server.pem", "server.pub.pem"]);
    assert.is((await stat(keys)).mode & 0o777, 0o700);
    assert.is((await stat(join(keys, "server.pem"))).mode & 0o777, 0o600);
    assert.is((await stat(join(keys, "server.pub.pem"))).mode & 0o777, 0o644);

    const again = await loadIdentity(keys, "server");
    assert.is(again.fingerprint, made.fingerprint);
    await verify(made, await sign(again, ["label"]), ["label"]);
    assert.not(again.signingKey.extractable);

    assert.match(
      openssl("pkey", "-in", join(keys, "server.pem"), "-noout", "-text"),
      /^Private-Key: \(3072 bit/,
    );
    assert.is(
      openssl("pkey", "-in", join(keys, "server.pem"), "-pubout"),
      await readFile(join(keys, "server.pub.pem"), "utf8"),
    );
  });
});

test("loadIdentity takes what OpenSSL made, and rebuilds a public file that is missing", async () => {
  await withFolder(async (folder) => {
    await install(folder, "alice", "identity-3072-a");
    assert.is((await loadIdentity(folder, "alice")).fingerprint, alice.fingerprint);
    assert.is(
      await readFile(join(folder, "alice.pub.pem"), "utf8"),
      await readFile(`${KEYS}identity-3072-a.pub.pem`, "utf8"),
    );
    for (const stock of ["rsa-2048-a", "rsa-2052", "rsa-4096"]) {
      await install(folder, stock, stock);
      assert.is(toHex((await loadIdentity(folder, stock)).spki).length > 580, true);
    }
  });
});

test("loadIdentity takes line ends of Windows, and writes nothing when nothing is missing", async () => {
  await withFolder(async (folder) => {
    const file = await install(folder, "alice", "identity-3072-a");
    await writeFile(file, (await readFile(file, "utf8")).replaceAll("\n", "\r\n"));
    await loadIdentity(folder, "alice");
    await chmod(folder, 0o555);
    const before = await stat(join(folder, "alice.pub.pem"));
    await loadIdentity(folder, "alice");
    assert.is((await stat(join(folder, "alice.pub.pem"))).ino, before.ino);
    await chmod(folder, 0o700);
  });
});

test("loadIdentity refuses a public file of another key, or damaged, and leaves both files as they are", async () => {
  await withFolder(async (folder) => {
    const privateFile = await install(folder, "alice", "identity-3072-a");
    const file = join(folder, "alice.pub.pem");
    for (const [text, reason] of [
      [
        await readFile(`${KEYS}identity-3072-b.pub.pem`, "utf8"),
        `it is not the public half of ${privateFile}; remove it to have it made again`,
      ],
      ["", "it is empty"],
      [await readFile(privateFile, "utf8"), 'it has a "PRIVATE KEY", and a "PUBLIC KEY" is expected'],
    ] as const) {
      await writeFile(file, text);
      await rejects(loadIdentity(folder, "alice"), `${file} cannot be used: ${reason}`);
      assert.is(await readFile(file, "utf8"), text);
    }
    assert.is(await readFile(privateFile, "utf8"), await readFile(`${KEYS}identity-3072-a.pem`, "utf8"));
  });
});

test("loadIdentity makes no new key beside the public half of a lost one", async () => {
  await withFolder(async (folder) => {
    await copyFile(`${KEYS}identity-3072-a.pub.pem`, join(folder, "alice.pub.pem"));
    await rejects(
      loadIdentity(folder, "alice"),
      /alice\.pem is missing, and its public half .*alice\.pub\.pem is/,
    );
    assert.equal(await readdir(folder), ["alice.pub.pem"]);
  });
});

test("loadIdentity refuses a private key that others may read or write, with the command that mends it", async () => {
  await withFolder(async (parent) => {
    const folder = join(parent, "my 'keys'");
    await mkdir(folder);
    const file = await install(folder, "alice", "identity-3072-a");
    for (const mode of [0o644, 0o640, 0o620, 0o610, 0o604, 0o602, 0o601]) {
      await chmod(file, mode);
      const chmodCommand = `chmod 600 '${file.replaceAll("'", "'\\''")}'`;
      await rejects(
        loadIdentity(folder, "alice"),
        `${file} cannot be used: others may read or write it; fix that with: ${chmodCommand}`,
      );
    }
    assert.is(spawnSync("sh", ["-c", await commandFor(folder)]).status, 0);
    assert.is((await loadIdentity(folder, "alice")).fingerprint, alice.fingerprint);
    await chmod(file, 0o400);
    assert.is((await loadIdentity(folder, "alice")).fingerprint, alice.fingerprint);
  });
});

const genuine = await readFile(`${KEYS}identity-3072-a.pem`, "utf8");
const base64 = genuine.replaceAll(/-----.*-----|\s/g, "");
const der = Buffer.from(base64, "base64");
function pem(bytes: Uint8Array, label = "PRIVATE KEY"): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
function altered(...offsets: number[]): Buffer {
  const copy = Buffer.from(der);
  for (const offset of offsets) copy[offset] = (copy[offset] ?? 0) ^ 0x10;
  return copy;
}
const encryption = { cipher: "aes-256-cbc", passphrase: "secret" };
const small = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
const odd = generateKeyPairSync("rsa", { modulusLength: 2048, publicExponent: 3 }).privateKey;
const elliptic = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const pss = generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).privateKey;
const pkcs8 = { type: "pkcs8", format: "pem" } as const;

const BAD: [what: string, contents: string | Uint8Array, reason: RegExp][] = [
  ["empty", "", /it is empty$/],
  ["blank", " \n\n", /it is empty$/],
  ["of text that is no key", "my key\n", /it is not PEM text with a "PRIVATE KEY"$/],
  ["in DER", der, /it is DER, and PKCS #8 in PEM is expected; convert it with: openssl pkey -inform DER/],
  ["of zeros", new Uint8Array(2484), /it is not PEM text/],
  ["too large", genuine.padEnd(70_000, "\n"), /it is too large, at most 64 KiB are read$/],
  ["cut short in its base64", genuine.slice(0, 1000), /it is cut short: its END line is missing$/],
  ["cut short in its last line", genuine.slice(0, -3), /it is cut short: its END line is missing$/],
  ["of two keys", genuine + genuine, /it has more than one "PRIVATE KEY"$/],
  [
    "in UTF-16",
    Buffer.from(`\ufeff${genuine}`, "utf16le"),
    /it is UTF-16, and UTF-8 is expected; convert it/,
  ],
  ["with text that is not UTF-8", Buffer.from(`K\u00e4se\n${genuine}`, "latin1"), /line 1 is not UTF-8$/],
  ["with a line missing", genuine.replace(/\n.{64}\n/, "\n"), /it is not an RSA key$/],
  [
    "with a later line missing",
    genuine.replace(/(\n.{64}){3}\n/, (lines) => lines.slice(0, -65)),
    /damaged$/,
  ],
  ["with a foreign character", genuine.replace("\nMII", "\n*II"), /its base64 is damaged$/],
  ["without base64", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", /its base64 is damaged$/],
  ["whose DER is cut short", pem(der.subarray(0, 900)), /its contents are damaged$/],
  ["with a byte after its DER", pem(Buffer.concat([der, Buffer.of(0)])), /its contents are damaged$/],
  // OpenSSL makes up for one of the two
  ["with another exponent and prime", pem(altered(600, 900)), /damaged: what it signs is not valid$/],
  ["of an elliptic curve", elliptic.export(pkcs8), /it is not an RSA key$/],
  [
    "of an elliptic curve in its old form",
    elliptic.export({ type: "sec1", format: "pem" }),
    /it has a "EC PRIVATE KEY", and a "PRIVATE KEY" is expected$/,
  ],
  ["for RSA-PSS only", pss.export(pkcs8), /it is not an RSA key$/],
  ["of 1024 bits", small.export(pkcs8), /1024 bits, expected 2048 to 4096$/],
  ["with e = 3", odd.export(pkcs8), /its exponent is not 65537$/],
  [
    "of a public key",
    await readFile(`${KEYS}identity-3072-a.pub.pem`, "utf8"),
    /it has a "PUBLIC KEY", and a "PRIVATE KEY" is expected$/,
  ],
  [
    "encrypted",
    odd.export({ ...pkcs8, ...encryption }),
    /it is encrypted; take its password off with: openssl pkey/,
  ],
  [
    "encrypted in PKCS #1",
    odd.export({ type: "pkcs1", format: "pem", ...encryption }),
    /it is encrypted; take/,
  ],
  [
    "in PKCS #1",
    odd.export({ type: "pkcs1", format: "pem" }),
    /it is PKCS #1, and PKCS #8 in PEM is expected; convert it with: openssl pkey/,
  ],
];
for (const [what, contents, reason] of BAD) {
  test(`loadIdentity refuses a private file ${what}, and leaves it as it is`, async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "alice.pem");
      await writeFile(file, contents, { mode: 0o600 });
      await rejects(loadIdentity(folder, "alice"), new RegExp(`^${file} cannot be used: .*${reason.source}`));
      assert.equal(await readFile(file), Buffer.from(contents));
      assert.equal(await readdir(folder), ["alice.pem"]);
    });
  });
}

test("loadIdentity refuses a folder instead of a key, and a file instead of the folder", async () => {
  await withFolder(async (folder) => {
    await mkdir(join(folder, "alice.pem"));
    await rejects(
      loadIdentity(folder, "alice"),
      `${join(folder, "alice.pem")} cannot be used: it is a folder`,
    );
    await writeFile(join(folder, "keys"), "");
    await rejects(loadIdentity(join(folder, "keys"), "alice"), /what should be its folder is a file$/);
  });
});

test("loadIdentity and readPublicKey take keys with text and other objects around, as OpenSSL does", async () => {
  const publicText = await readFile(`${KEYS}identity-3072-a.pub.pem`, "utf8");
  const certificate = await readFile(`${KEYS}identity-3072-a.cert.pem`, "utf8");
  const bag = "Bag Attributes\n    friendlyName: alice - her key\nKey Attributes: <No Attributes>\n";
  const around: ((key: string) => string)[] = [
    (key) => bag + key,
    (key) => `# comment\n\n${key}# comment\n`,
    (key) => `\ufeff${key}`,
    (key) => `${bag}${certificate}${bag}${key}`.replaceAll("\n", "\r\n"),
    (key) => key.replaceAll("\n", " \n") + certificate,
    (key) => key.trimEnd(),
  ];
  for (const surround of around) {
    await withFolder(async (folder) => {
      const [file, publicFile] = [join(folder, "alice.pem"), join(folder, "alice.pub.pem")];
      await writeFile(file, surround(genuine), { mode: 0o600 });
      await writeFile(publicFile, surround(publicText));
      assert.is((await loadIdentity(folder, "alice")).fingerprint, alice.fingerprint);
      assert.is((await readPublicKey(publicFile)).fingerprint, alice.fingerprint);
    });
  }
});

// files that a command makes from the private key IN, and the kind that is named
const PRIVATE_FORMS: [string, string][] = [
  ["openssl rsa -in IN -traditional -out OUT", "PKCS #1"],
  ["openssl pkey -in IN -outform DER -out OUT", "DER"],
  ["openssl rsa -in IN -traditional -out OUT && ssh-keygen -q -p -N '' -f OUT", "an OpenSSH key"],
  ["iconv -f UTF-8 -t UTF-16 IN > OUT", "UTF-16"],
];
const PUBLIC_FORMS: [string, string][] = [
  ["openssl rsa -in IN -RSAPublicKey_out -out OUT", "PKCS #1"],
  ["openssl pkey -in IN -pubout -outform DER -out OUT", "DER"],
  ["openssl req -x509 -new -key IN -subj /CN=a -out OUT", "a certificate"],
  ["ssh-keygen -y -f IN > OUT", "an OpenSSH key"],
  ["openssl pkey -in IN -pubout | iconv -f UTF-8 -t UTF-16 > OUT", "UTF-16"],
];
for (const [forms, name, load] of [
  [PRIVATE_FORMS, "alice.pem", async (folder: string) => loadIdentity(folder, "alice")],
  [PUBLIC_FORMS, "alice.pub.pem", async (folder: string) => readPublicKey(join(folder, "alice.pub.pem"))],
] as const) {
  for (const [make, kind] of forms) {
    test(`the command that is given for ${name} that is ${kind} makes a key that is taken`, async () => {
      await withFolder(async (parent) => {
        const folder = join(parent, "OUT's IN");
        await mkdir(folder);
        const file = join(folder, name);
        const source = await install(parent, "source", "identity-3072-a");
        const sh = (command: string) => {
          const { status, stderr } = spawnSync("sh", ["-c", `umask 077; ${command}`], { encoding: "utf8" });
          assert.is(status, 0, stderr);
        };
        sh(make.replaceAll("IN", source).replaceAll("OUT", `"${file}"`));
        const refused = await load(folder).then(String, String);
        assert.ok(refused.includes(`: it is ${kind}, and `), refused);
        sh(refused.split("with: ")[1] ?? "false");
        assert.is((await load(folder)).fingerprint, alice.fingerprint);
      });
    });
  }
}

test("processes that all find no key, and then each make another, end with the same one", async () => {
  await withFolder(async (folder) => {
    const stock = ["identity-3072-a", "identity-3072-b", "rsa-2048-a"];
    const children = stock.map((key) =>
      spawn(process.execPath, ["--import", "tsx", STORE, "identity", folder, "server", key], {
        env: { ...process.env, WAIT: "1" },
        stdio: ["pipe", "pipe", "inherit"],
        timeout: 60_000,
      }),
    );
    // each is ready once it has seen that there is no key
    await Promise.all(children.map(async ({ stdout }) => once(stdout, "data")));
    assert.equal(await readdir(folder), []);
    const outputs = await Promise.all(
      children.map(async ({ stdin, stdout }) => {
        stdin.end();
        return (await readAll(stdout)).trim();
      }),
    );
    const { fingerprint } = await loadIdentity(folder, "server");
    assert.equal(outputs, [fingerprint, fingerprint, fingerprint]);
    assert.equal((await readdir(folder)).sort(), ["server.pem", "server.pub.pem"]);
  });
});

// the private file half written, in place, and the public one half written
const MOMENTS: [number, string[]][] = [
  [6, []],
  [9, ["server.pem"]],
  [15, ["server.pem"]],
];
for (const [moment, expected] of MOMENTS) {
  test(`killed with ${expected.length} files in place, at moment ${moment}, loadIdentity leaves none that is broken`, async () => {
    await withFolder(async (folder) => {
      const run = (key: string, environment = {}) =>
        runScript("store.ts", { args: ["identity", folder, "server", key], environment });
      assert.is((await run("identity-3072-a", { KILL_AT: String(moment) })).status, null);
      const files = (await readdir(folder)).sort();
      assert.equal(
        files.filter((file) => !file.startsWith(".")),
        expected,
      );
      assert.is(files.length, expected.length + 1, "no temporary file is left");
      const { stdout } = await run("identity-3072-b");
      assert.is(stdout.trim(), (expected.length > 0 ? alice : bob).fingerprint);
    });
  });
}

test.run();
