/**
 * The login: a password proved over a channel by SCRAM (scram.ts), on either side.
 *
 * What is proved covers a key that the channel exports, so it is of no use on another channel: not
 * even to a server that relays it to another one.
 */
import { type Bytes, encodeUtf8, equal, toBase64 } from "../../lib/bytes/bytes.ts";
import { printable } from "../../lib/bytes/printable.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";
import { LONGEST } from "../../lib/passwords/guesses.ts";
import type { Attempts } from "./attempts.ts";
import { type Message, receive, send } from "./protocol.ts";
import {
  type ClientFinal,
  type ClientFirst,
  type Credential,
  deriveKeys,
  formatClientFirst,
  formatServerFinal,
  formatServerFirst,
  formatWithoutProof,
  GS2_HEADER,
  isProof,
  joinAuthMessage,
  parseClientFinal,
  parseClientFirst,
  parseServerFirst,
  prove,
  signAsServer,
} from "./scram.ts";
import type { User, UserList } from "./user-list.ts";

const EXPORTER_LABEL = "sml/06/v1/login";
const BINDING_LENGTH = 32;
const NONCE_LENGTH = 18;

/** The answer to an unknown user, a wrong password, and a proof that is of another channel. */
export const WRONG = "wrong user name or password";

/** The cause of errors after which it is of no use to try again. */
export const FINAL = "final";

/**
 * Logs in as `user`, and checks that the server knows what belongs to the password.
 *
 * @param timeout seconds that the server may take for an answer, besides a delay for wrong
 *   passwords
 * @throws Error with the cause `FINAL` when the server refuses the login, or is not the one that
 *   stores this password
 */
export async function logIn(
  channel: Channel,
  user: string,
  { password, timeout }: { password: string; timeout: number },
): Promise<void> {
  const nonce = makeNonce();
  const first = formatClientFirst(user, nonce);
  await send(channel, { type: "login", text: first }, timeout);
  const answer = await receiveLogin(channel, timeout);
  const serverFirst = parseServerFirst(answer, nonce);

  const keys = await deriveKeys(password, serverFirst);
  const withoutProof = formatWithoutProof(exportBinding(channel), serverFirst.nonce);
  const authMessage = joinAuthMessage(first.slice(GS2_HEADER.length), answer, withoutProof);
  const proof = toBase64(prove(keys, authMessage));
  await send(channel, { type: "login", text: `${withoutProof},p=${proof}` }, timeout);

  const final = await receiveLogin(channel, timeout + LONGEST);
  if (final !== formatServerFinal(signAsServer(keys, authMessage)))
    throw new Error("the server is refused: it does not know this password's user", { cause: FINAL });
}

export interface LoginServer {
  users: UserList;
  attempts: Attempts;
  /** Seconds that a client may take for each of its messages. */
  timeout: number;
  /** Called with the user if there is one, and the reason, for each login that is refused. */
  refused: (user: User | undefined, reason: string) => void;
}

/** A client that wants to log in. */
export interface Candidate {
  channel: Channel;
  /** IP address. */
  host: string;
  /** Aborted once the client is gone. */
  signal: AbortSignal;
}

/**
 * Lets a client log in.
 *
 * @returns the user; undefined if the client was refused, which has been said to it
 * @throws Error when the client does not speak SCRAM, or goes away
 */
export async function acceptLogin(candidate: Candidate, server: LoginServer): Promise<User | undefined> {
  const { channel } = candidate;
  const { users, attempts, timeout } = server;
  const clientFirst = parseClientFirst(await receiveLogin(channel, timeout));
  const listed = users.find(clientFirst.user);
  const credential = listed?.credential ?? users.imitate(clientFirst.user ?? "");
  const nonce = clientFirst.nonce + makeNonce();
  const serverFirst = formatServerFirst({ nonce, ...credential });
  await send(channel, { type: "login", text: serverFirst }, timeout);

  const clientFinal = parseClientFinal(await receiveLogin(channel, timeout));
  const attempt = {
    address: candidate.host,
    user: clientFirst.user,
    key: channel.peer.fingerprint,
    signal: candidate.signal,
  };
  const binding = exportBinding(channel);
  const said = { clientFirst, serverFirst, clientFinal };
  const authMessage = await attempts.attempt(attempt, () => verify(said, { credential, nonce, binding }));
  // the list may have changed in the meantime
  const user = listed && users.isCurrent(listed) ? listed : undefined;
  if (authMessage === undefined || !user) return refuse(WRONG);
  if (user.isLocked) return refuse("this account is locked");
  attempts.know(user.name, attempt.key);
  const signature = signAsServer(credential, authMessage);
  await send(channel, { type: "login", text: formatServerFinal(signature) }, timeout);
  return user;

  async function refuse(reason: string): Promise<undefined> {
    server.refused(listed, reason);
    await send(channel, { type: "refused", reason }, timeout);
    return undefined;
  }
}

/** Returns the AuthMessage if the client has proved the password, on this channel. */
async function verify(
  said: { clientFirst: ClientFirst; serverFirst: string; clientFinal: ClientFinal },
  { credential, nonce, binding }: { credential: Credential; nonce: string; binding: Bytes },
): Promise<string | undefined> {
  const { bare } = said.clientFirst;
  const { withoutProof, proof } = said.clientFinal;
  const authMessage = joinAuthMessage(bare, said.serverFirst, withoutProof);
  const isRight = isProof(proof, credential, authMessage);
  const expected = encodeUtf8(formatWithoutProof(binding, nonce));
  return isRight && equal(encodeUtf8(withoutProof), expected) ? authMessage : undefined;
}

/** Returns the key of this channel that both sides of a login bind to. */
function exportBinding(channel: Channel): Bytes {
  return channel.exportKey(EXPORTER_LABEL, new Uint8Array(), BINDING_LENGTH);
}

function makeNonce(): string {
  return toBase64(randomBytes(NONCE_LENGTH));
}

async function receiveLogin(channel: Channel, timeout: number): Promise<string> {
  const message = await receive(channel, timeout);
  if (message?.type === "login") return message.text;
  throw unexpected(message);
}

/** Returns the error for a `message` of the peer that does not belong here. */
export function unexpected(message: Message | undefined): Error {
  if (!message) return new Error("the peer has closed the channel");
  switch (message.type) {
    case "refused":
      return new Error(`the server refuses us: ${printable(message.reason)}`, { cause: FINAL });
    case "failed":
      return new Error(`the server is in trouble: ${printable(message.reason)}`);
    default:
      return new Error(`the peer sent a message out of turn: ${message.type}`);
  }
}
