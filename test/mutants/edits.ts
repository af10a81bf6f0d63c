// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what stands in strings here is source text
/** Our own solutions, broken in one place or two. */
import { readFileSync } from "node:fs";
import type { Edit, Mutant } from "./mutant.ts";

const RSA_MESSAGE = "lib/rsa-message.ts";
const HYBRID_MESSAGE = "lib/hybrid-message.ts";
const FERNET = "lib/fernet.ts";
const KEYS = "lib/keys.ts";
const SPKI = "lib/spki.ts";
const RECORDS = "lib/records.ts";
const CHANNEL_SERVER = "lib/channel-server.ts";

/** A key from test/keys as PKCS #8 or SPKI in base64. */
function keyOf(file: string): string {
  const pem = readFileSync(new URL(`../keys/${file}`, import.meta.url), "utf8");
  return pem.replaceAll(/-----.*-----|\s/g, "");
}

function bytesOf(base64: string): string {
  return `Uint8Array.from(atob("${base64}"), (character) => character.charCodeAt(0))`;
}

/** The server of `part` has one key, which stands in its source. */
function keyInSource(part: string): Edit[] {
  const pair = `${bytesOf(keyOf("rsa-2048-a.pem"))}, ${bytesOf(keyOf("rsa-2048-a.pub.pem"))}`;
  return [
    {
      file: `${part}/server.ts`,
      find: "const own = await generateKeys();",
      replace: `const own = await importOwnKeys(${pair});`,
    },
    {
      file: `${part}/server.ts`,
      find: 'import { generateKeys } from "../lib/keys.ts";',
      replace: 'import { importOwnKeys } from "../lib/keys.ts";',
    },
  ];
}

const TOKEN_UNCHECKED: Edit = {
  file: FERNET,
  find: "    if (!equal(await hmac(signingKey, signed), tag)) throw new Error(NOT_AUTHENTIC);\n",
  replace: "",
};

const REQUEST_UNCHECKED: Edit = {
  file: HYBRID_MESSAGE,
  find: '  await verify(client, signature, [`${version}/request`, "client to server", session, wrappedKey, token]);\n',
  replace: "",
};

export const broken: Mutant[] = [
  {
    name: "edit-part1-plaintext",
    task: "part1",
    broken: "signed, and not encrypted",
    edits: [
      {
        file: RSA_MESSAGE,
        find: "  const capacity = peer.modulusLength - OAEP_OVERHEAD;\n",
        replace: "  if (peer) return signedText;\n  const capacity = 190;\n",
      },
      {
        file: RSA_MESSAGE,
        find: "  if (message.length % own.modulusLength !== 0) throw new Error(NOT_AUTHENTIC);\n",
        replace: "  if (own) return message;\n",
      },
    ],
    kills: ["secret"],
  },
  {
    name: "edit-part1-unverified",
    task: "part1",
    broken: "the signature is sent, and nobody verifies it",
    edits: [
      {
        file: RSA_MESSAGE,
        find: "  await verify(peer, signature, [LABEL, direction, session, plaintext]);\n",
        replace: "",
      },
    ],
    kills: ["authentic"],
  },
  {
    name: "edit-part1-printed-early",
    task: "part1",
    broken: "the server prints the text, and then verifies it",
    edits: [
      {
        file: "part1/server.ts",
        find: "const text = await verifyText(",
        replace:
          "console.log(`Received message: ${new TextDecoder().decode(signedText.subarray(264))}`);\nconst text = await verifyText(",
      },
      {
        file: "part1/server.ts",
        find: "console.log(`Received message: ${printable(text)}`);\n",
        replace: "console.error(printable(text).length);\n",
      },
    ],
    kills: ["authentic|before-printing"],
  },
  {
    name: "edit-part1-small-keys",
    task: "part1",
    broken: "keys of 1024 bits",
    edits: [
      {
        file: KEYS,
        find: "export const SESSION_KEY_BITS = 2048;",
        replace: "export const SESSION_KEY_BITS = 1024;",
      },
      { file: SPKI, find: "const MIN_MODULUS_BITS = 2048;", replace: "const MIN_MODULUS_BITS = 1024;" },
    ],
    kills: ["keys"],
  },
  {
    name: "edit-part1-key-in-source",
    task: "part1",
    broken: "the server's private key stands in its source, and is the same in each run",
    edits: keyInSource("part1"),
    kills: ["fresh|keys"],
  },
  {
    name: "edit-part2-key-in-clear",
    task: "part2",
    broken: "the Fernet key is signed, and not wrapped",
    edits: [
      {
        file: HYBRID_MESSAGE,
        find: "  return new Uint8Array(await subtle.encrypt(oaep, server.encryptionKey, fernetKey));",
        replace: "  return oaep && server ? fernetKey : fernetKey;",
      },
      {
        file: HYBRID_MESSAGE,
        find: "    const fernetKey = new Uint8Array(await subtle.decrypt(oaep, own.decryptionKey, wrappedKey));",
        replace: "    const fernetKey = oaep && own ? wrappedKey : wrappedKey;",
      },
    ],
    kills: ["secret"],
  },
  {
    name: "edit-part2-constant-key",
    task: "part2",
    broken: "the Fernet key stands in the source",
    edits: [
      {
        file: FERNET,
        find: "  return randomBytes(FERNET_KEY_LENGTH);",
        replace: '  return encodeUtf8("correct horse battery staple, 32");',
      },
    ],
    kills: ["secret"],
  },
  {
    name: "edit-part2-nothing-verified",
    task: "part2",
    broken: "the server verifies neither the request's signature nor the token's MAC",
    edits: [REQUEST_UNCHECKED, TOKEN_UNCHECKED],
    kills: ["unaltered"],
  },
  {
    name: "edit-part2-reply-unverified",
    task: "part2",
    broken: "the client verifies neither the reply's signature nor the token's MAC",
    edits: [
      TOKEN_UNCHECKED,
      {
        file: HYBRID_MESSAGE,
        find: '  await verify(server, signature, [`${version}/reply`, "server to client", session, hash, token]);\n',
        replace: "",
      },
    ],
    kills: ["unaltered"],
  },
  {
    name: "edit-part2-request-unverified",
    task: "part2",
    broken: "the request's signature is not verified, and the wrapped key fits any session",
    edits: [
      REQUEST_UNCHECKED,
      {
        file: HYBRID_MESSAGE,
        find: "  return encodeUtf8(toHex(await sha256(encodeFields([`${version}/key`, session]))));",
        replace:
          "  return encodeUtf8(toHex(await sha256(encodeFields([`${version}/key`, session.subarray(32)]))));",
      },
    ],
    kills: ["authentic"],
  },
  {
    name: "edit-part2-no-session",
    task: "part2",
    broken: "the server has one key for ever, and nothing that is signed names the session",
    edits: [
      ...keyInSource("part2"),
      {
        file: "lib/hello.ts",
        find: "  return { peer, session: await sha256(encodeFields([`${version}/session`, first, second])) };",
        replace: "  return { peer, session: first && second ? new Uint8Array(32) : await sha256(hello) };",
      },
    ],
    kills: ["replay"],
  },
  {
    name: "edit-part2-own-words",
    task: "part2",
    broken: "the client prints its own message for the reply",
    edits: [
      {
        file: "part2/client.ts",
        find: "console.log(`Received message: ${printable(text)}`);",
        replace: "console.log(`Received message: ${printable(text && message)}`);",
      },
    ],
    kills: ["reply"],
    passes: ["message"],
  },
  {
    name: "edit-part2-cut-short",
    task: "part2",
    broken: "the server prints the first thousand characters",
    edits: [
      {
        file: "part2/server.ts",
        find: "console.log(`Received message: ${printable(text)}`);",
        replace: "console.log(`Received message: ${printable(text.slice(0, 1000))}`);",
      },
    ],
    kills: ["long"],
  },
  {
    name: "edit-part2-latin-1",
    task: "part2",
    broken: "the server prints every text as if it were Latin-1",
    edits: [
      {
        file: "part2/server.ts",
        find: "console.log(`Received message: ${printable(text)}`);",
        replace:
          'console.log(`Received message: ${Buffer.from(printable(text), "latin1").toString("latin1")}`);',
      },
    ],
    kills: ["unicode"],
  },
  {
    name: "edit-01-pin-ignored",
    task: "01",
    broken: "the client does not compare the server's key with the one that it remembers",
    edits: [
      {
        file: "exercises/01-persisted-keys/client.ts",
        find: "await pinServer(keys, endpoint, server.fingerprint);\n",
        replace: "",
      },
    ],
    kills: ["peer"],
  },
  {
    name: "edit-01-new-keys",
    task: "01",
    broken: "keys are stored, and others are used",
    edits: [
      {
        file: "lib/key-files.ts",
        find: "  return importIdentity(pkcs8, spki);\n",
        replace: "  return pkcs8 ? (await generateIdentity()).identity : importIdentity(pkcs8, spki);\n",
      },
    ],
    kills: ["persist"],
    passes: ["message"],
  },
  {
    name: "edit-01-readable-key",
    task: "01",
    broken: "everybody may read the private keys",
    edits: [
      {
        file: "lib/key-files.ts",
        find: "const PRIVATE_MODE = 0o600;",
        replace: "const PRIVATE_MODE = 0o644;",
      },
      { file: "lib/key-files.ts", find: "const OTHERS = 0o077;", replace: "const OTHERS = 0;" },
      {
        file: "lib/small-file.ts",
        find: "const FOLDER_MODE = 0o700;",
        replace: "const FOLDER_MODE = 0o755;",
      },
    ],
    kills: ["keys"],
  },
  {
    name: "edit-01-clients-unknown",
    task: "01",
    broken: "the server does not compare a client's key with the one that it remembers",
    edits: [
      {
        file: "exercises/01-persisted-keys/server.ts",
        find: 'await pin(join(keys, "known-clients"), hello.name, theirs, host)',
        replace: '(join(keys, "known-clients", host) ? "new" : "known")',
      },
    ],
    kills: ["peer"],
  },
  {
    name: "edit-02-plain-records",
    task: "02",
    broken: "records are not encrypted",
    edits: [
      {
        file: RECORDS,
        find: "    const ciphertext = await subtle.encrypt(gcm, key, copy);\n",
        replace:
          "    const ciphertext = gcm && key ? new Uint8Array([...copy, ...new Uint8Array(TAG_LENGTH)]) : copy;\n",
      },
      {
        file: RECORDS,
        find: "new Uint8Array(await subtle.decrypt(gcm, key, ciphertext))",
        replace: "gcm && key ? ciphertext.slice(0, -TAG_LENGTH) : ciphertext",
      },
    ],
    kills: ["secret"],
  },
  {
    name: "edit-02-cryptography-inside",
    task: "02",
    broken: "the client's script has cryptography of its own",
    edits: [
      {
        file: "exercises/02-refactor/client.ts",
        find: 'import { printable } from "../../lib/printable.ts";\n',
        replace:
          'import { printable } from "../../lib/printable.ts";\nimport { subtle } from "../../lib/webcrypto.ts";\nvoid subtle;\n',
      },
    ],
    kills: ["structure"],
  },
  {
    name: "edit-02-unnumbered",
    task: "02",
    broken: "all records of a direction have one number, and so one nonce",
    edits: [{ file: RECORDS, find: "    this.#number += 1;\n", replace: "" }],
    kills: ["replay"],
  },
  {
    name: "edit-02-pin-ignored",
    task: "02",
    broken: "the client talks to any server",
    edits: [
      {
        file: "exercises/02-refactor/client.ts",
        find: "{ identity, verifyPeer }",
        replace: "{ identity, verifyPeer: () => void verifyPeer }",
      },
    ],
    kills: ["peer"],
  },
  {
    name: "edit-02-one-at-a-time",
    task: "02",
    broken: "the server serves one client after the other, so a silent one keeps all others waiting",
    edits: [
      {
        file: CHANNEL_SERVER,
        find: "const HANDSHAKE_WIDTH = 2;",
        replace: "const HANDSHAKE_WIDTH = 2;\nlet before: Promise<void> = Promise.resolve();",
      },
      {
        file: CHANNEL_SERVER,
        find: "    this.#attend(transport, socket, address).catch((error) => {",
        replace:
          "    before = before.then(() => this.#attend(transport, socket, address)).catch((error) => {",
      },
    ],
    kills: ["robust"],
  },
  {
    name: "edit-02-dies",
    task: "02",
    broken: "whoever says something wrong ends the server",
    edits: [
      {
        file: "exercises/02-refactor/server.ts",
        find: "  console.error(`${client}: ${explain(error)}`);",
        replace: "  throw new Error(`${client}: ${explain(error)}`);",
      },
    ],
    kills: ["robust"],
  },
  {
    name: "edit-03-everybody",
    task: "03",
    broken: "the list is read, and everybody is let in",
    edits: [
      {
        file: "exercises/03-allow-list/server.ts",
        find: "  return allowList.find(shown) ? undefined : `${shown} is not on the list`;",
        replace: "  return undefined;",
      },
      {
        file: "exercises/03-allow-list/server.ts",
        find: '  if (!entry) throw new Error("its key was taken off the list");\n',
        replace: "",
      },
      {
        file: "exercises/03-allow-list/server.ts",
        find: "  console.error(`${client} is ${entry.name}, ${channel.peer.fingerprint}`);",
        replace: "  console.error(`${client} is ${entry?.name}, ${channel.peer.fingerprint}`);",
      },
    ],
    kills: ["stranger"],
  },
  {
    name: "edit-03-only-the-first",
    task: "03",
    broken: "only the first of the list is let in",
    edits: [
      {
        file: "exercises/03-allow-list/allow-list.ts",
        find: "  return new Map(entries.map((entry) => [entry.fingerprint, entry]));",
        replace: "  return new Map(entries.slice(0, 1).map((entry) => [entry.fingerprint, entry]));",
      },
    ],
    kills: ["second"],
  },
  {
    name: "edit-04-ports-kept",
    task: "04",
    broken: "a port never returns to the pool",
    edits: [
      {
        file: "exercises/04-port-switching/switchboard.ts",
        find: "      this.#pool.giveBack(port);\n",
        replace: "",
      },
    ],
    kills: ["pool"],
  },
  {
    name: "edit-05-data-in-clear",
    task: "05",
    broken: "data connections are in clear, though PROT P was agreed on",
    edits: [
      {
        file: "exercises/05-ftp/verbs/transfer.ts",
        find: "session.isPrivate && encrypt ? encrypt : inClear(",
        replace: "session.isPrivate && encrypt ? inClear(session.settings.stall) : inClear(",
      },
      {
        file: "exercises/05-ftp/client/protection.ts",
        find: "return async (data) => overChannel(await connectData(data, await key, { timeout }));",
        replace: "return async (data) => overStream(data);",
      },
    ],
    kills: ["secret"],
  },
  {
    name: "edit-05-climbs",
    task: "05",
    broken: "a name with .. climbs out of the user's folder",
    edits: [
      {
        file: "exercises/05-ftp/files/path.ts",
        find: '    if (component === "..") components.pop();\n    else if (component',
        replace: "    if (component",
      },
    ],
    kills: ["jail"],
  },
  {
    name: "edit-05-pin-ignored",
    task: "05",
    broken: "the client does not compare the server's key with the one that it remembers",
    edits: [
      {
        file: "exercises/05-ftp/client.ts",
        find: 'const verifyServer = knownServer(isTls ? join(keys, "tls") : keys, address, fingerprint);',
        replace: "const verifyServer = async () => {};",
      },
    ],
    kills: ["peer"],
  },
  {
    name: "edit-05-as-text",
    task: "05",
    broken: "files are carried as text, with the line ends of the net",
    edits: [
      {
        file: "exercises/05-ftp/client/ftp-client.ts",
        find: 'await this.#expect("TYPE I", 200);',
        replace: 'await this.#expect("TYPE A", 200);',
      },
    ],
    kills: ["contents"],
    // a download is not as long as the server says, which the client notices
    passes: ["message"],
  },
  {
    name: "edit-05-lists-too-little",
    task: "05",
    broken: "the first name of a folder is missing in each listing",
    edits: [
      {
        file: "exercises/05-ftp/client/commands.ts",
        find: "for (const entry of sorted) await write(",
        replace: "for (const entry of sorted.slice(1)) await write(",
      },
    ],
    kills: ["list"],
  },
];
