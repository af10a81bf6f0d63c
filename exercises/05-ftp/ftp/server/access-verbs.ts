/** Login and encryption: USER PASS AUTH PBSZ PROT QUIT (RFC 959 §4.1.1, RFC 2228, RFC 4217). */
import { Refusal, reply } from "../protocol/reply.ts";
import { Storage } from "../storage/storage.ts";
import { explainToOperator, StorageError } from "../storage/storage-error.ts";
import type { Answer, Session, Verb } from "./session.ts";
import type { User } from "./user-list.ts";

/** Wrong passwords that end a session. */
const MAX_FAILURES = 3;

export const ACCESS: Record<string, Verb> = {
  AUTH: { handle: auth, for: "anyone", argument: "word", usage: "AUTH MECHANISM" },
  PBSZ: { handle: pbsz, for: "anyone", argument: "word", usage: "PBSZ 0" },
  PROT: { handle: prot, for: "anyone", argument: "word", usage: "PROT P|C" },
  USER: { handle: user, for: "anyone", argument: "text", usage: "USER NAME" },
  PASS: { handle: pass, for: "anyone", argument: "optional text", usage: "PASS PASSWORD" },
  QUIT: { handle: quit, for: "anyone", argument: "none", usage: "QUIT" },
};

async function auth(session: Session, argument: string): Promise<Answer> {
  const { control, settings } = session;
  if (session.isSecure) throw new Refusal(503, "Already encrypted.");
  const name = argument.toUpperCase();
  const mechanism = settings.mechanisms.find(({ names }) => names.includes(name));
  if (!mechanism) {
    const known = settings.mechanisms.flatMap(({ names }) => names);
    throw new Refusal(504, `Unknown security mechanism. Supported: ${known.join(", ")}.`);
  }
  await session.reset();
  settings.onStage(session, "handshake");
  try {
    await control.protect(mechanism, reply(234, `Proceed with ${mechanism.names[0]} negotiation.`));
  } catch (error) {
    const outcome = error instanceof Error ? error.message : String(error);
    session.log("not encrypted", { mechanism: mechanism.names[0], outcome });
    return undefined;
  }
  settings.onStage(session, "encrypted");
  session.log("encrypted", { mechanism: control.protection?.description });
  return undefined;
}

function pbsz(session: Session, argument: string): Answer {
  if (!session.isSecure) throw new Refusal(503, "PBSZ needs a secure connection; send AUTH first.");
  if (!/^\d{1,10}$/.test(argument)) throw new Refusal(501, "Syntax: PBSZ 0.");
  session.hasBufferSize = true;
  return reply(200, "PBSZ=0");
}

function prot(session: Session, argument: string): Answer {
  if (!session.hasBufferSize) throw new Refusal(503, "PBSZ required first.");
  const level = argument.toUpperCase();
  if (level === "S" || level === "E") throw new Refusal(536, "Unsupported protection level; use PROT P.");
  if (level !== "P" && level !== "C") throw new Refusal(504, "Unknown protection level; use PROT P.");
  if (level === "C" && !session.settings.allowPlaintext)
    throw new Refusal(534, "Plaintext data connections are not allowed; use PROT P.");
  session.isPrivate = level === "P";
  // a prepared data connection has the old level
  session.prepare(undefined);
  return reply(200, `PROT now ${session.isPrivate ? "Private" : "Clear"}.`);
}

async function user(session: Session, name: string): Promise<Answer> {
  checkSecure(session);
  await session.logOut();
  session.name = name;
  return reply(331, "Password required.");
}

async function pass(session: Session, password: string): Promise<Answer> {
  checkSecure(session);
  const { name, settings } = session;
  if (name === undefined) throw new Refusal(503, "USER required first.");
  session.name = undefined;
  const user = await guess(session, name, password);
  if (!user) {
    session.failures += 1;
    if (session.failures < MAX_FAILURES) throw new Refusal(530, "Login incorrect.");
    session.end("Login incorrect; too many attempts.");
    return undefined;
  }
  const storage = await openStorage(settings.root, user).catch((error) => {
    settings.report(error instanceof StorageError ? unusableHome(user, error) : error);
    throw new Refusal(451, "Home directory unavailable; see the server's log.");
  });
  if (!settings.hasRoomFor(user)) {
    await storage.close();
    session.end("Too many sessions of this user.");
    return undefined;
  }
  try {
    session.logIn({ user, storage });
  } catch (error) {
    await storage.close();
    throw error;
  }
  session.log("login", { address: session.address });
  return reply(230, "Login successful.");
}

/** Returns the user with this password; undefined after a delay, or once the session is over. */
async function guess(session: Session, name: string, password: string): Promise<User | undefined> {
  const { settings, control, signal, address } = session;
  const attempt = { address: control.peer, account: name, signal };
  try {
    return await settings.guesses.attempt(attempt, async () => {
      const user = await settings.users.verify(name, password);
      // people type passwords at the name prompt: the log contains names of existing users only
      if (!user)
        session.log("login refused", { user: settings.users.find(name)?.name, address, outcome: "refused" });
      return user;
    });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

function unusableHome({ name, home }: User, error: StorageError): Error {
  return new Error(`the home ${home} of ${name} cannot be used: ${explainToOperator(error)}`);
}

/** Opens the user's home; for an admin the whole root, where the home is only the first folder. */
async function openStorage(root: string, { home, quota, readOnly, admin }: User): Promise<Storage> {
  const storage = await Storage.open(root, { home, quota, readOnly });
  if (!admin) return storage;
  // this has created the home
  await storage.close();
  return Storage.open(root, { quota, readOnly });
}

function quit(session: Session): Answer {
  session.end("Goodbye.", 221);
  return undefined;
}

/** Stops a client before it sends its password in plaintext. */
function checkSecure({ isSecure, settings }: Session): void {
  if (!isSecure && !settings.allowPlaintext)
    throw new Refusal(530, "Sessions must be encrypted; send AUTH first.");
}
