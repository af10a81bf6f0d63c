/**
 * The source of cryptographic primitives: every other file imports them from here, except the
 * channel's records and key schedule, which are synchronous (aead.ts, sha-256.ts, ephemeral.ts).
 *
 * On Node they come from `@peculiar/webcrypto`, on Deno and Bun from the runtime itself. The
 * environment variable `WEBCRYPTO=native` or `WEBCRYPTO=peculiar` overrides that. Signatures always
 * come from the runtime.
 */
import { createRequire } from "node:module";
import process from "node:process";
import type { Bytes } from "../bytes/bytes.ts";
import { exitWith, requireNode, UsageError } from "../cli/diagnostics.ts";

const runsOnNode = !("Deno" in globalThis) && !("Bun" in globalThis);

function chooseProvider(wish: string | undefined): "native" | "peculiar" {
  if (wish === undefined || wish === "") return runsOnNode ? "peculiar" : "native";
  if (wish === "native") return wish;
  if (wish !== "peculiar")
    exitWith(new UsageError("the environment variable WEBCRYPTO must be native or peculiar"));
  if (!runsOnNode)
    exitWith(new UsageError("WEBCRYPTO=peculiar works on Node only; leave WEBCRYPTO unset here"));
  return wish;
}

function loadPeculiar(): Crypto {
  // required, not imported: its ES modules are over a hundred files, which would delay each start
  // by 0.2 to 0.5 s
  const require = createRequire(import.meta.url);
  const { Crypto }: typeof import("@peculiar/webcrypto") = require("@peculiar/webcrypto");
  return new Crypto();
}

// an old one has no WebCrypto of its own
requireNode();

/** The implementation in use. */
export const provider = chooseProvider(process.env["WEBCRYPTO"]);

/**
 * The runtime's own WebCrypto. It computes on other threads, so a signature, 3 ms of work, does not
 * keep a server from its other clients.
 */
export const nativeCrypto: Crypto = globalThis.crypto;

const chosen: Crypto = provider === "native" ? nativeCrypto : loadPeculiar();

/** The Web Cryptography API (W3C), section 14. */
export const subtle: SubtleCrypto = chosen.subtle;

/** Returns `length` bytes (at most 65,536) from the provider's cryptographic random source. */
export function randomBytes(length: number): Bytes {
  return chosen.getRandomValues(new Uint8Array(length));
}

/** Returns the 32-byte SHA-256 of `data`. */
export async function sha256(data: Bytes): Promise<Bytes> {
  return new Uint8Array(await subtle.digest("SHA-256", data));
}
