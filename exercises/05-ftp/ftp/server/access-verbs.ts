/** Login and encryption: USER PASS AUTH PBSZ PROT QUIT (RFC 959 §4.1.1, RFC 2228, RFC 4217). */
import { setTimeout as wait } from "node:timers/promises";
import { Refusal, reply } from "../protocol/reply.ts";
import { Storage } from "../storage/storage.ts";
import type { Answer, Session, Verb } from "./session.ts";
import type { User } from "./user-list.ts";

/** Wrong passwords that end a session. */
const MAX_FAILURES = 3;
/** Addresses that `Throttle` remembers; it forgets the one that failed longest ago first. */
const MAX_ADDRESSES = 10_000;
/** Milliseconds after its last failure until `Throttle` forgets an address. */
const MEMORY = 600_000;
const LONGEST = 16;

export const ACCESS: Record<string, Verb> = {
  AUTH: { handle: auth, for: "anyone", argument: "needed", usage: "AUTH MECHANISM" },
  PBSZ: { handle: pbsz, for: "anyone", argument: "needed", usage: "PBSZ 0" },
  PROT: { handle: prot, for: "anyone", argument: "needed", usage: "PROT P|C" },
  USER: { handle: user, for: "anyone", argument: "needed", usage: "USER NAME" },
  PASS: { handle: pass, for: "anyone", argument: "optional", usage: "PASS PASSWORD" },
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
  try {
    await control.protect(mechanism, reply(234, `Proceed with ${mechanism.names[0]} negotiation.`));
  } catch (error) {
    const outcome = error instanceof Error ? error.message : String(error);
    session.log("not encrypted", { mechanism: mechanism.names[0], outcome });
    return undefined;
  }
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
  const { name, settings, control } = session;
  if (name === undefined) throw new Refusal(503, "USER required first.");
  session.name = undefined;
  const user = await settings.users.verify(name, password).catch((error) => {
    settings.report(error);
    throw new Refusal(450, "Too many logins in progress; try again later.");
  });
  if (!user) {
    session.failures += 1;
    // people type passwords at the name prompt: the log contains names of existing users only
    session.log("login refused", {
      user: settings.users.find(name)?.name,
      address: session.address,
      outcome: "refused",
    });
    await wait(settings.throttle.fail(control.peer) * 1000);
    if (session.failures < MAX_FAILURES) throw new Refusal(530, "Login incorrect.");
    session.end("Login incorrect; too many attempts.");
    return undefined;
  }
  try {
    session.logIn({ user, storage: await openStorage(settings.root, user) });
    if (user.admin) session.folder = user.home;
  } catch (error) {
    settings.report(error);
    throw new Refusal(451, "Home directory unavailable; see the server's log.");
  }
  session.log("login", { address: session.address });
  return reply(230, "Login successful.");
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

/** The delay after a wrong password. It doubles with each failure of any session of an address. */
export class Throttle {
  readonly #unit: number;
  readonly #now: () => number;
  /** In the order of their last failure. */
  readonly #failures = new Map<string, { count: number; last: number }>();

  /** @param unit seconds for the first failure; the longest delay is 16 times that */
  constructor(unit: number, now = () => performance.now()) {
    this.#unit = unit;
    this.#now = now;
  }

  /** Records a failure of `address`; returns the seconds to wait. */
  fail(address: string): number {
    const now = this.#now();
    const before = this.#failures.get(address);
    this.#failures.delete(address);
    for (const [oldest, { last }] of this.#failures) {
      if (this.#failures.size < MAX_ADDRESSES && now - last < MEMORY) break;
      this.#failures.delete(oldest);
    }
    const count = before && now - before.last < MEMORY ? before.count + 1 : 1;
    this.#failures.set(address, { count, last: now });
    return this.#unit * Math.min(2 ** (count - 1), LONGEST);
  }
}
