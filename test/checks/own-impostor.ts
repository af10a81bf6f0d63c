/** The impostor of exercise 03 in this repository's layout: he shows a listed public key, and signs with another. */
import { Buffer } from "node:buffer";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Bytes, encodeUtf8 } from "../../lib/bytes.ts";
import { Channel } from "../../lib/channel.ts";
import { FramedStream } from "../../lib/framing.ts";
import { generateIdentity, importIdentity } from "../../lib/identity.ts";
import { streamOf } from "../harness/dialled-stream.ts";
import type { Stage } from "../harness/lab.ts";

/** Where the built-in manifest has the public key of the listed client. */
const LISTED = "keys/client.pub.pem";
const TIMEOUT = 10;

/** Returns the public key of the listed client, as the first run left it; undefined in another layout. */
export function listedKey(stage: Stage): Bytes | undefined {
  const file = join(stage.folderOf("client") ?? "", LISTED);
  if (stage.folderOf("client") === undefined || !existsSync(file)) return undefined;
  const pem = readFileSync(file, "utf8");
  return new Uint8Array(Buffer.from(pem.replaceAll(/-----.*-----|\s/g, ""), "base64"));
}

/** Speaks our channel to the server of `stage`, as the owner of `spki`, without the private half, and says `text` if he is let in. */
export async function pretend(stage: Stage, spki: Bytes, text: string): Promise<void> {
  const { pkcs8 } = await generateIdentity();
  const identity = await importIdentity(pkcs8, spki);
  const transport = new FramedStream(streamOf(await stage.dial()));
  try {
    const channel = await Channel.connect(transport, {
      identity,
      verifyPeer: async () => {},
      timeout: TIMEOUT,
    });
    await channel.send(encodeUtf8(text));
    // he waits for an answer, and does not close before
    await channel[Symbol.asyncIterator]().next();
  } catch {
    // refused, as he should be
  }
}
