/** A folder of keys for scripts that have an identity, out of the stock in test/keys. */
import { chmod, copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fingerprintOf } from "../../lib/crypto/identity.ts";

import { type KeyName, loadSpki } from "./keys.ts";

export interface KeyFolder {
  path: string;
  /** The fingerprint of the identity with this name. */
  fingerprint: (name: string) => string;
  /** Returns the path of a file in the folder. */
  file: (name: string) => string;
  remove: () => Promise<void>;
}

/** Makes a temporary folder with a stored identity for each name, as `loadIdentity` keeps them. */
export async function makeKeyFolder(identities: Record<string, KeyName>): Promise<KeyFolder> {
  const path = await mkdtemp(join(tmpdir(), "sml-keys-"));
  const fingerprints = new Map<string, string>();
  for (const [name, key] of Object.entries(identities)) {
    const stock = fileURLToPath(new URL(`../keys/${key}`, import.meta.url));
    await copyFile(`${stock}.pem`, join(path, `${name}.pem`));
    await chmod(join(path, `${name}.pem`), 0o600);
    await copyFile(`${stock}.pub.pem`, join(path, `${name}.pub.pem`));
    fingerprints.set(name, await fingerprintOf(loadSpki(key)));
  }
  return {
    path,
    fingerprint: (name) => fingerprints.get(name) ?? "",
    file: (name) => join(path, name),
    remove: () => rm(path, { recursive: true, force: true }),
  };
}
