/** Puts a private key into the source of our own solution. */
import { readFileSync } from "node:fs";
import type { Edit } from "../mutant.ts";

/** Returns a key from test/keys as PKCS #8 or SPKI in base64. */
function keyOf(file: string): string {
  const pem = readFileSync(new URL(`../../../keys/${file}`, import.meta.url), "utf8");
  return pem.replaceAll(/-----.*-----|\s/g, "");
}

function bytesOf(base64: string): string {
  return `Uint8Array.from(atob("${base64}"), (character) => character.charCodeAt(0))`;
}

/** Returns edits that put the key of the server of `part` into its source. */
export function keyInSource(part: string): Edit[] {
  const pair = `${bytesOf(keyOf("rsa-2048-a.pem"))}, ${bytesOf(keyOf("rsa-2048-a.pub.pem"))}`;
  return [
    {
      file: `${part}/server.ts`,
      find: "const own = await generateKeys();",
      replace: `const own = await importOwnKeys(${pair});`,
    },
    {
      file: `${part}/server.ts`,
      find: 'import { generateKeys } from "../lib/crypto/keys.ts";',
      replace: 'import { importOwnKeys } from "../lib/crypto/keys.ts";',
    },
  ];
}
