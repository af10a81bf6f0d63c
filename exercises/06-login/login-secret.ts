/** The secret of a server from which the salts of unknown users come. */

import { Buffer } from "node:buffer";
import { join } from "node:path";
import { type Bytes, toHex } from "../../lib/bytes/bytes.ts";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";
import { createSmallFile, findExposure, readSmallFile } from "../../lib/files/small-file.ts";

const LENGTH = 32;
const TEXT = /^[0-9a-f]{64}\n$/;

/**
 * Loads the secret in `NAME.secret`, 32 bytes in hexadecimal; makes it if there is none. It stays
 * the same, so that a restart does not change the salts of those users who do not exist.
 *
 * @throws Error that names the file, and what is wrong with it
 */
export async function loadSecret(keys: string, name: string): Promise<Bytes> {
  const file = join(keys, `${name}.secret`);
  await createSmallFile(file, { text: `${toHex(randomBytes(LENGTH))}\n`, mode: 0o600 });
  const contents = await readSmallFile(file);
  const reason = contents ? findExposure(file, contents) : "it was removed at this moment";
  if (reason !== undefined || !contents) throw new Error(`${file} cannot be used: ${reason}`);
  if (!TEXT.test(contents.text))
    throw new Error(`${file} is damaged: expected 64 hexadecimal digits; remove it to have it made again`);
  return new Uint8Array(Buffer.from(contents.text.trim(), "hex"));
}
