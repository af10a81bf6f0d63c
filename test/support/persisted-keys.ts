/**
 * Exercise 01's scripts as processes with identities from the stock, and a client of our own in
 * this process.
 */
import { chmod, copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { greetServer, VERSION } from "../../exercises/01-persisted-keys/hello.ts";
import { generateFernetKey, openToken, sealToken } from "../../lib/crypto/fernet.ts";
import type { Identity } from "../../lib/crypto/identity.ts";
import { signRequest, TEXT_LIMIT, verifyReply, wrapKey } from "../../lib/messages/hybrid-message.ts";
import { FRAME_LIMIT, type FramedStream } from "../../lib/net/framing.ts";
import { connect } from "../../lib/net/tcp.ts";
import { Program, ROOT, TSX_WITH_STOCK_KEY } from "./launch.ts";

export const FOLDER = "exercises/01-persisted-keys";

/** Puts an identity of the stock into the folder `keys` as `name`. */
export async function install(keys: string, name: string, stock: string): Promise<void> {
  await mkdir(keys, { recursive: true });
  await copyFile(join(ROOT, "test/keys", `${stock}.pem`), join(keys, `${name}.pem`));
  await chmod(join(keys, `${name}.pem`), 0o600);
}

/** Starts the server; the wrapping keys come from the stock. */
export function startServer(
  keys: string,
  { text = "pong", port = 0, flags = [], env = {} }: StartOptions = {},
): Program {
  const where = ["--keys", keys, "--port", String(port)];
  return new Program([...TSX_WITH_STOCK_KEY, `${FOLDER}/server.ts`, text, ...where, ...flags], { env });
}

/** Starts the client. */
export function startClient(
  keys: string,
  { text = "ping", port = 1, flags = [], env = {} }: StartOptions = {},
): Program {
  const where = ["--keys", keys, "--port", String(port)];
  return new Program([...TSX_WITH_STOCK_KEY, `${FOLDER}/client.ts`, text, ...where, ...flags], { env });
}

interface StartOptions {
  text?: string;
  port?: number;
  flags?: string[];
  env?: Record<string, string>;
}

export interface ClientOptions {
  identity: Identity;
  name: string;
  text?: string;
}

/** Connects to the server on `port`, and makes one exchange; returns its answer. */
export async function exchange(port: number, options: ClientOptions): Promise<string> {
  const connection = await connect({ host: "127.0.0.1", port, timeout: 30 });
  try {
    return await converse(connection, options);
  } finally {
    connection.destroy(new Error("the exchange is over"));
  }
}

/** Makes one exchange on `connection`; returns the server's answer. */
export async function converse(
  connection: FramedStream,
  { identity, name, text = "ping" }: ClientOptions,
): Promise<string> {
  const greeting = await greetServer(connection, identity, { name, fingerprint: undefined });
  const { server, wrappingKey, session } = greeting;
  const fernetKey = generateFernetKey();
  const token = await sealToken(fernetKey, text);
  const wrappedKey = await wrapKey(fernetKey, wrappingKey, session, VERSION);
  const request = await signRequest(wrappedKey, token, identity, session, VERSION);
  await connection.writeLast(request);
  const reply = await connection.readLast(FRAME_LIMIT);
  const replyToken = await verifyReply(reply, request, server, session, VERSION);
  return openToken(fernetKey, replyToken, { limit: TEXT_LIMIT });
}
