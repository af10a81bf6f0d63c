/** The worked examples of lib/README.md: lib/vectors/*.json, in hexadecimal. */
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import type { Bytes } from "../../lib/bytes/bytes.ts";

/** Returns the contents of `lib/vectors/NAME.json`. */
export function readVectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../lib/vectors/${name}.json`, import.meta.url), "utf8"));
}

/** Returns the object `key` of `vectors`, each of whose values is hexadecimal. */
export function bytesOf(vectors: unknown, key: string): Map<string, Bytes> {
  const values: unknown = Object.entries(vectors ?? {}).find(([name]) => name === key)?.[1];
  return new Map(
    Object.entries(values ?? {}).map(([name, hex]) => [
      name,
      new Uint8Array(Buffer.from(String(hex), "hex")),
    ]),
  );
}
