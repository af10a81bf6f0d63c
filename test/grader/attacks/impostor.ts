/**
 * The impostor of exercise 03, for submissions in this repository's layout: a client that shows a
 * listed public key, and signs with another private key.
 */
import { Buffer } from "node:buffer";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Bytes, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { Channel } from "../../../lib/channel/channel.ts";
import { generateIdentity, importIdentity } from "../../../lib/crypto/identity.ts";
import { FramedStream } from "../../../lib/net/framing.ts";
import type { Session } from "../model/session.ts";
import { streamOf } from "./dialled-stream.ts";

/** The public key of the listed client, in the built-in manifest. */
const LISTED = "keys/client.pub.pem";
/** Seconds. */
const TIMEOUT = 10;

/** Returns the listed client's public key (SPKI) from a session that kept its folders. */
export function listedKey(session: Session): Bytes | undefined {
  const folder = session.folderOf("client");
  if (folder === undefined || !existsSync(join(folder, LISTED))) return undefined;
  const pem = readFileSync(join(folder, LISTED), "utf8");
  return new Uint8Array(Buffer.from(pem.replaceAll(/-----.*-----|\s/g, ""), "base64"));
}

/**
 * Connects as the owner of `spki`, without its private key, and sends `text` if the server agrees.
 */
export async function impersonate(session: Session, spki: Bytes, text: string): Promise<void> {
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
    // keeps the connection open until the server answers
    await channel[Symbol.asyncIterator]().next();
  } catch {
    // the server refused, as it should
  }
}
