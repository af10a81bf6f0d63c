/** Who may come in, and how it is kept secret: USER PASS AUTH PBSZ PROT QUIT (RFC 959 §4.1.1, RFC 2228, RFC 4217). */
import { setTimeout as wait } from "node:timers/promises";
import { Refusal, reply } from "../protocol/reply.ts";
import { Storage } from "../storage/storage.ts";
import type { Answer, Session, Verb } from "./session.ts";
import type { User } from "./user-list.ts";

/** Wrong passwords after which a session ends. */
const MAX_FAILURES = 3;

export const ACCESS: Record<string, Verb> = {
  AUTH: { handle: auth, for: "everybody", argument: "needed", usage: "AUTH TLS|SSL|X-SML" },
  PBSZ: { handle: pbsz, for: "everybody", argument: "needed", usage: "PBSZ 0" },
  PROT: { handle: prot, for: "everybody", argument: "needed", usage: "PROT P|C" },
  USER: { handle: user, for: "everybody", argument: "needed", usage: "USER NAME" },
  PASS: { handle: pass, for: "everybody", argument: "optional", usage: "PASS PASSWORD" },
  QUIT: { handle: quit, for: "everybody", argument: "none", usage: "QUIT" },
};

async function auth(session: Session, argument: string): Promise<Answer> {
  const { control, settings } = session;
  if (session.isSecure) throw new Refusal(503, "This connection is encrypted already.");
  const name = argument.toUpperCase();
  const mechanism = settings.mechanisms.find(({ names }) => names.includes(name));
  if (!mechanism) throw new Refusal(504, "There is AUTH TLS, and AUTH X-SML.");
  // whatever was said in clear may be somebody else's words
  session.dropWaiting();
  await session.logOut();
  session.type = "A";
  try {
    await control.protect(mechanism, reply(234, `Go on with ${mechanism.names[0]}.`));
  } catch (error) {
    const outcome = error instanceof Error ? error.message : String(error);
    session.log("not encrypted", { mechanism: mechanism.names[0], outcome });
    return undefined;
  }
  session.log("encrypted", { mechanism: control.protection?.description });
  return undefined;
}

function pbsz(session: Session, argument: string): Answer {
  if (!session.isSecure) throw new Refusal(503, "AUTH comes first.");
  if (!/^\d{1,10}$/.test(argument)) throw new Refusal(501, "PBSZ takes 0.");
  session.hasBufferSize = true;
  return reply(200, "PBSZ=0");
}

function prot(session: Session, argument: string): Answer {
  if (!session.hasBufferSize) throw new Refusal(503, "PBSZ comes first.");
  const level = argument.toUpperCase();
  if (level === "S" || level === "E") throw new Refusal(536, "There is PROT P.");
  if (level !== "P" && level !== "C") throw new Refusal(504, "There is PROT P.");
  if (level === "C" && !session.settings.allowPlaintext)
    throw new Refusal(534, "Files do not travel in clear here.");
  session.isPrivate = level === "P";
  // what was prepared was prepared for the other level
  session.prepare(undefined);
  return reply(200, `Data connections are ${session.isPrivate ? "encrypted" : "in clear"} now.`);
}

async function user(session: Session, name: string): Promise<Answer> {
  checkSecure(session);
  await session.logOut();
  session.name = name;
  return reply(331, "And the password?");
}

async function pass(session: Session, password: string): Promise<Answer> {
  checkSecure(session);
  const { name, settings, control } = session;
  if (name === undefined) throw new Refusal(503, "USER comes first.");
  session.name = undefined;
  const user = await settings.users.verify(name, password).catch((error) => {
    settings.report(error);
    throw new Refusal(450, "Too many are logging in; try again.");
  });
  if (!user) {
    session.failures += 1;
    // people type their passwords where their names belong: only a name that there is gets into the log
    session.log("login refused", {
      user: settings.users.find(name)?.name,
      address: session.address,
      outcome: "refused",
    });
    await wait(settings.throttle.fail(control.peer) * 1000);
    if (session.failures < MAX_FAILURES) throw new Refusal(530, "Wrong name or password.");
    session.end("Wrong name or password, and too often.");
    return undefined;
  }
  try {
    session.logIn({ user, storage: await openStorage(settings.root, user) });
    if (user.admin) session.folder = user.home;
  } catch (error) {
    settings.report(error);
    throw new Refusal(451, "Your folder cannot be used; the log of the server says why.");
  }
  session.log("login", { address: session.address });
  return reply(230, "Welcome.");
}

/** Opens the user's home; an admin's is everything below the root, and her own home no more than where she begins. */
async function openStorage(root: string, { home, quota, readOnly, admin }: User): Promise<Storage> {
  const storage = await Storage.open(root, { home, quota, readOnly });
  if (!admin) return storage;
  // her home is made by now, if it was not there
  await storage.close();
  return Storage.open(root, { quota, readOnly });
}

function quit(session: Session): Answer {
  session.end("Goodbye.", 221);
  return undefined;
}

/** A name or password that is said in clear is everybody's: the client is stopped before the second. */
function checkSecure({ isSecure, settings }: Session): void {
  if (!isSecure && !settings.allowPlaintext) throw new Refusal(530, "AUTH TLS or AUTH X-SML comes first.");
}
