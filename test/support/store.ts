/**
 * Uses the files that processes share, as a process of its own, and prints what came of it:
 *
 *     store.ts identity FOLDER NAME KEY      loads an identity; instead of making one, takes KEY
 *     store.ts pin FOLDER NAME FINGERPRINT [ADDRESS]   pins a peer
 *     store.ts file FILE TEXT                makes a file
 *     store.ts edit FILE NAME                adds a row to a table of names and colours
 *
 * With WAIT=1 it prints "ready" when it is about to make the key, the pin or the file, and goes on
 * when its standard input ends; with KILL_AT=n it kills itself before it touches the file system
 * for the nth time.
 */
import { readFile } from "node:fs/promises";
import process from "node:process";
import { installErrorHandlers } from "../../lib/cli/diagnostics.ts";
import { nativeCrypto } from "../../lib/crypto/webcrypto.ts";
import { loadIdentity } from "../../lib/files/key-files.ts";
import { pin } from "../../lib/files/pins.ts";
import { createSmallFile } from "../../lib/files/small-file.ts";
import { TableFile } from "../../lib/files/table-file.ts";
import { killAt } from "./kill-at.ts";

installErrorHandlers();
const [command, place = "", second = "", third = "", fourth] = process.argv.slice(2);
if (command === "identity") await generateFromStock(third);
else await ready();
if (process.env["KILL_AT"]) await killAt(Number(process.env["KILL_AT"]));

if (command === "identity") console.log((await loadIdentity(place, second)).fingerprint);
else if (command === "pin") console.log(await pin(place, second, third, fourth));
else if (command === "edit") await edit(place, second);
else console.log(await createSmallFile(place, { text: second, mode: 0o600 }));

async function edit(file: string, name: string): Promise<void> {
  const table = new TableFile<string[]>(file, {
    title: "list",
    columns: ["name", "colour"],
    mode: 0o600,
    parse: (cells) => cells,
    format: (cells) => cells,
    unique: ([first = ""]) => [first],
  });
  await table.edit((rows) => [...rows, [name, name]]);
}

async function ready(): Promise<void> {
  if (process.env["WAIT"] !== "1") return;
  console.log("ready");
  for await (const _ of process.stdin);
}

async function generateFromStock(key: string): Promise<void> {
  const { subtle } = nativeCrypto;
  const parameters = { name: "RSA-PSS", hash: "SHA-256" };
  const [pkcs8, spki] = [await readDer(`${key}.pem`), await readDer(`${key}.pub.pem`)];
  const pair = {
    privateKey: await subtle.importKey("pkcs8", pkcs8, parameters, true, ["sign"]),
    publicKey: await subtle.importKey("spki", spki, parameters, true, ["verify"]),
  };
  Object.assign(subtle, {
    generateKey: async () => {
      await ready();
      return pair;
    },
  });
}

async function readDer(file: string): Promise<Buffer<ArrayBuffer>> {
  const pem = await readFile(new URL(`../keys/${file}`, import.meta.url), "utf8");
  return Buffer.from(pem.replaceAll(/-----.*-----|\s/g, ""), "base64");
}
