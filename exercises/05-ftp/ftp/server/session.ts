/**
 * One client's session: what it has said so far, and whose turn it is.
 *
 * Commands are answered one after the other, in order. While a file is on its way, ABOR is answered at once, and so are NOOP
 * and STAT when nothing waits before them. A few commands wait here; the rest of a flood waits in the client's system.
 */
import type { Socket } from "node:net";
import { formatAddress } from "../../../../lib/net/tcp.ts";
import type { TransferType } from "../protocol/arguments.ts";
import { type Command, parseCommand } from "../protocol/command.ts";
import { FACTS, type Fact } from "../protocol/listing.ts";
import { Refusal, type Reply, reply } from "../protocol/reply.ts";
import { resolvePath } from "../storage/path.ts";
import type { Storage } from "../storage/storage.ts";
import { StorageError, type StorageFault } from "../storage/storage-error.ts";
import { Control } from "./control.ts";
import type { DataConnection } from "./data-connection.ts";
import type { EventName, LogEvent } from "./event-log.ts";
import type { FtpSettings } from "./settings.ts";
import type { Transfer } from "./transfer.ts";
import type { User } from "./user-list.ts";

/** Commands that wait for the one before them. */
const MAX_WAITING = 16;

const FAULT_CODES: Record<StorageFault, number> = {
  missing: 550,
  exists: 550,
  denied: 550,
  full: 552,
  "not a folder": 550,
  "a folder": 550,
  "not empty": 550,
  name: 553,
  offset: 554,
  busy: 450,
  failed: 451,
};

export type Answer = Reply | undefined;

/** What the server does for a verb. */
export interface Verb {
  /** Returns the reply, unless it has sent one itself; throws a `Refusal` or `StorageError` to say no. */
  handle: (session: Session, argument: string) => Answer | Promise<Answer>;
  /** Whether it is for everybody, or for those who are logged in. */
  for: "everybody" | "users";
  argument: "none" | "needed" | "optional";
  /** When it is answered during a transfer; by default it waits. */
  during?: "at once" | "in order";
  /** How HELP shows it. */
  usage: string;
}

/** Who is logged in. */
export interface Login {
  user: User;
  storage: Storage;
}

export class Session {
  readonly id: number;
  readonly settings: FtpSettings;
  readonly control: Control;
  /** The client's, as HOST:PORT. */
  readonly address: string;
  /** Resolves once the client has gone, and nothing of it is left. */
  readonly closed: Promise<void>;

  login: Login | undefined;
  /** The name that USER gave. */
  name: string | undefined;
  failures = 0;
  folder = "/";
  type: TransferType = "A";
  restart = 0;
  renameFrom: string | undefined;
  facts: ReadonlySet<Fact> = new Set(FACTS);
  hasBufferSize = false;
  isPrivate = false;
  onlyEpsv = false;
  transfer: Transfer | undefined;
  #data: DataConnection | undefined;

  readonly #verbs: ReadonlyMap<string, Verb>;
  #waiting: (Command | Refusal)[] = [];
  #isBusy = false;
  #isAnswering = false;
  #isEnding = false;
  #idle: NodeJS.Timeout | undefined;
  #unproved: NodeJS.Timeout | undefined;
  #settle: () => void = () => {};

  constructor(id: number, socket: Socket, verbs: ReadonlyMap<string, Verb>, settings: FtpSettings) {
    this.id = id;
    this.settings = settings;
    this.#verbs = verbs;
    this.address = formatAddress({ host: socket.remoteAddress ?? "?", port: socket.remotePort ?? 0 });
    this.control = new Control(socket, {
      onLines: () => this.#pump(),
      onEnd: () => this.#onEnd(),
      stall: settings.stall,
    });
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Greets the client, and listens to it. */
  async start(): Promise<void> {
    const { idle, login } = this.settings;
    this.#idle = setTimeout(() => this.#onIdle(), idle * 1000);
    this.#unproved = setTimeout(() => this.end("You have not logged in in time."), login * 1000);
    this.log("connected", { address: this.address });
    await this.send(reply(220, "Ready. AUTH TLS or AUTH X-SML comes first."));
  }

  get isSecure(): boolean {
    return this.control.protection !== undefined;
  }

  /** Returns who is logged in; the verbs that ask are for users only. */
  get user(): Login {
    if (!this.login) throw new Refusal(530, "Log in first: USER, then PASS.");
    return this.login;
  }

  /** Returns the path that `name`, as the client wrote it, stands for. @throws StorageError when no file may have it */
  resolve(name: string): string {
    return resolvePath(this.folder, name);
  }

  send(answer: Reply): Promise<void> {
    return this.control.send(answer);
  }

  /** Writes what happened to the log. */
  log(event: EventName, details: Omit<LogEvent, "event" | "session"> = {}): void {
    this.settings.log({ event, session: this.id, user: this.login?.user.name, ...details });
  }

  /** Forgets who is logged in, and all that they had going. */
  async logOut(): Promise<void> {
    const { login } = this;
    this.login = undefined;
    this.name = undefined;
    this.folder = "/";
    this.restart = 0;
    this.renameFrom = undefined;
    this.prepare(undefined);
    await login?.storage.close();
  }

  /** Welcomes `login`. */
  logIn(login: Login): void {
    clearTimeout(this.#unproved);
    this.login = login;
  }

  /** Puts `data` in the place of the data connection that was prepared before. */
  prepare(data: DataConnection | undefined): void {
    this.#data?.close();
    this.#data = data;
  }

  /** Takes the data connection that was prepared. */
  takeData(): DataConnection {
    const data = this.#data;
    if (!data) throw new Refusal(425, "Say EPSV, PASV, EPRT or PORT first.");
    this.#data = undefined;
    return data;
  }

  /** Forgets all that was sent and not yet answered. */
  dropWaiting(): void {
    this.#waiting = [];
  }

  /** Says that `transfer` is under way; some commands are answered meanwhile. */
  begin(transfer: Transfer): void {
    this.transfer = transfer;
    this.#pump();
  }

  /** Ends the session, and says why; a transfer that is under way has its own last reply before that. */
  end(reason: string, code = 421): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    const sayGoodbye = () => {
      this.send(reply(code, reason)).catch(() => {});
      this.control.end();
    };
    const { transfer } = this;
    transfer?.abort("the session ends");
    if (transfer) transfer.over.then(sayGoodbye, sayGoodbye);
    else sayGoodbye();
  }

  #onEnd(): void {
    this.transfer?.abort("the control connection is closed");
    if (!this.#isBusy) this.#over();
  }

  #onIdle(): void {
    if (this.#isBusy) this.#idle?.refresh();
    else this.end(`Nothing has come from you for ${this.settings.idle} s.`);
  }

  /** Cleans up, once the client has gone and nothing runs any more. */
  #over(): void {
    clearTimeout(this.#idle);
    clearTimeout(this.#unproved);
    this.control.end();
    this.log("disconnected");
    this.logOut()
      .catch((error) => this.settings.report(error))
      .then(() => this.control.closed)
      .then(this.#settle, this.#settle);
  }

  /** Begins with whatever is next, and goes on until there is nothing, or a command takes its time. */
  #pump(): void {
    while (!this.#isEnding) {
      this.#fill();
      const next = this.#next();
      if (!next) break;
      if (this.#isBusy) this.#perform(next, (is) => (this.#isAnswering = is));
      else this.#perform(next, (is) => (this.#isBusy = is));
    }
  }

  #fill(): void {
    while (this.#waiting.length < MAX_WAITING) {
      const line = this.control.next();
      if (line === undefined) return;
      this.#waiting.push(parse(line));
    }
  }

  /** Takes the next command that may be answered now. */
  #next(): Command | Refusal | undefined {
    if (!this.#isBusy) return this.#waiting.shift();
    if (!this.transfer || this.#isAnswering) return undefined;
    const index = this.#waiting.findIndex((each) => this.#timing(each) === "at once");
    if (index >= 0) return this.#waiting.splice(index, 1)[0];
    const [first] = this.#waiting;
    return first && this.#timing(first) === "in order" ? this.#waiting.shift() : undefined;
  }

  #timing(command: Command | Refusal): Verb["during"] {
    return command instanceof Refusal ? undefined : this.#verbs.get(command.verb)?.during;
  }

  #perform(command: Command | Refusal, mark: (isRunning: boolean) => void): void {
    mark(true);
    this.#answer(command)
      .then((answer) => answer && this.send(answer))
      .catch((error) => this.settings.report(error))
      .finally(() => {
        mark(false);
        this.#idle?.refresh();
        if (this.control.hasEnded && !this.#isBusy) this.#over();
        else this.#pump();
      });
  }

  async #answer(command: Command | Refusal): Promise<Answer> {
    try {
      if (command instanceof Refusal) throw command;
      const verb = this.#verbs.get(command.verb);
      if (!verb) throw new Refusal(502, "That is not done here; HELP names what is.");
      if (verb.for === "users" && !this.login) throw new Refusal(530, "Log in first: USER, then PASS.");
      if (verb.argument === "none" && command.argument.trim() !== "")
        throw new Refusal(501, `${command.verb} takes no argument.`);
      if (verb.argument === "needed" && command.argument === "")
        throw new Refusal(501, `Usage: ${verb.usage}`);
      return await verb.handle(this, command.argument);
    } catch (error) {
      if (error instanceof Refusal) return error.reply;
      if (error instanceof StorageError) return refusalOf(error).reply;
      this.settings.report(error);
      return reply(451, "The server has made a mistake; its log says which.");
    }
  }
}

/** Returns what the client is told when `error` keeps its file from it. */
export function refusalOf(error: StorageError): Refusal {
  const text = error.message;
  return new Refusal(FAULT_CODES[error.code], `${text.charAt(0).toUpperCase()}${text.slice(1)}.`);
}

function parse(line: ReturnType<Control["next"]> & {}): Command | Refusal {
  try {
    if (line === "too long") throw new Refusal(500, "That line is too long.");
    return parseCommand(line);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
