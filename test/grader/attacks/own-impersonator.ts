/** The impostor of exercise 03 in this repository's layout: he shows a listed public key, and signs with another. */
import { Buffer } from "node:buffer";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Bytes, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { Channel } from "../../../lib/channel/channel.ts";
import { generateIdentity, importIdentity } from "../../../lib/crypto/identity.ts";
import { FramedStream } from "../../../lib/net/framing.ts";
import type { Session } from "../model/session.ts";
import { streamOf } from "./dialled-stream.ts";

/** Where the built-in manifest has the public key of the listed client. */
const LISTED = "keys/client.pub.pem";
const TIMEOUT = 10;

/** Returns the public key of the listed client, as the first run left it; undefined in another layout. */
export function listedKey(session: Session): Bytes | undefined {
  const file = join(session.folderOf("client") ?? "", LISTED);
  if (session.folderOf("client") === undefined || !existsSync(file)) return undefined;
  const pem = readFileSync(file, "utf8");
  return new Uint8Array(Buffer.from(pem.replaceAll(/-----.*-----|\s/g, ""), "base64"));
}

/** Speaks our channel to the server of `stage`, as the owner of `spki`, without the private half, and says `text` if he is let in. */
export async function pretend(session: Session, spki: Bytes, text: string): Promise<void> {
  const { pkcs8 } = await generateIdentity();
  const identity = await importIdentity(pkcs8, spki);
  const transport = new FramedStream(streamOf(await session.dial()));
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
