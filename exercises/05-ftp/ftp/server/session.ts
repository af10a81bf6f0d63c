/** The session of one client: its login, its settings, and the answers to its commands. */
import type { Socket } from "node:net";
import { formatAddress } from "../../../../lib/net/tcp.ts";
import type { Guesses } from "../../../../lib/passwords/guesses.ts";
import type { Mechanism, ServerData } from "../../protection.ts";
import type { TransferType } from "../protocol/arguments.ts";
import type { Command } from "../protocol/command.ts";
import { FACTS, type Fact } from "../protocol/listing.ts";
import { Refusal, type Reply, reply } from "../protocol/reply.ts";
import { resolvePath } from "../storage/path.ts";
import type { Storage } from "../storage/storage.ts";
import { explainToOperator, StorageError, type StorageFault } from "../storage/storage-error.ts";
import { CommandLoop, type During } from "./command-loop.ts";
import { Control } from "./control.ts";
import type { ClientHabits, DataConnection } from "./data-connection.ts";
import type { EventName, FtpEvent } from "./ftp-events.ts";
import type { PassivePorts } from "./passive-ports.ts";
import type { Transfer } from "./transfer.ts";
import type { User } from "./user-list.ts";

/** One for all sessions: a new error costs as much as a reply. */
const OVER = new Error("the session is over");

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

export interface Users {
  /**
   * Returns the user with this name and password. Takes the same time for a wrong name and a wrong
   * password.
   */
  verify(name: string, password: string): Promise<User | undefined>;
  /** Reports whether `user`, which `verify` has returned, is still the same in the list. */
  isCurrent(user: User): boolean;
  /** Returns the user with this name. */
  find(name: string): User | undefined;
}

/** How far a session without a login has come, the cheapest to lose first. */
export const STAGES = ["silent", "plaintext", "handshake", "encrypted"] as const;

export type Stage = (typeof STAGES)[number];

/** The server, as its sessions see it. */
export interface SessionListener {
  /** Receives each data connection, which may outlive its session by some seconds. */
  onData: (socket: Socket) => void;
  /** Called when a session comes to a stage; `user` means that it is logged in. */
  onStage: (session: Session, stage: Stage | "user") => void;
  /** Whether `user` may have one more session. */
  hasRoomFor: (user: User) => boolean;
}

export interface FtpSettings extends SessionListener {
  /** The folder of the host that contains all homes. */
  root: string;
  users: Users;
  mechanisms: readonly Mechanism<ServerData>[];
  /** Ports for passive data connections. */
  pool: PassivePorts;
  guesses: Guesses;
  /** Whether passwords and files may be sent in plaintext. */
  allowPlaintext: boolean;
  /** Seconds to wait for a data connection. */
  timeout: number;
  /** Seconds to wait for a command. */
  idle: number;
  /** Seconds to wait for a login. */
  login: number;
  /** Seconds that a transfer may be idle. */
  stall: number;
  log: (event: FtpEvent) => void;
  /** Receives internal errors. */
  report: (error: unknown) => void;
}

/** Undefined if the handler has sent the reply itself. */
export type Answer = Reply | undefined;

/** How the server answers a verb. */
export interface Verb {
  /** Throws a `Refusal` or a `StorageError` to refuse. */
  handle: (session: Session, argument: string) => Answer | Promise<Answer>;
  for: "anyone" | "users";
  /** Spaces at the ends of a word are ignored; a text may be a name that has them. */
  argument: "none" | "word" | "optional word" | "text" | "optional text";
  /** The default is "after". */
  during?: During;
  /** For HELP. */
  usage: string;
}

export interface Login {
  user: User;
  storage: Storage;
}

export class Session {
  readonly id: number;
  readonly settings: FtpSettings;
  readonly control: Control;
  /** HOST:PORT of the client. */
  readonly address: string;
  /** Resolves once the client has disconnected and everything is cleaned up. */
  readonly closed: Promise<void>;

  login: Login | undefined;
  /** The name from USER. */
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
  readonly habits: ClientHabits = { handshakesFirst: false };
  transfer: Transfer | undefined;
  #data: DataConnection | undefined;

  readonly #verbs: ReadonlyMap<string, Verb>;
  readonly #commands: CommandLoop;
  readonly #over = new AbortController();
  #isEnding = false;
  #idle: NodeJS.Timeout | undefined;
  #loginDeadline: NodeJS.Timeout | undefined;
  #settle: () => void = () => {};

  constructor(id: number, socket: Socket, verbs: ReadonlyMap<string, Verb>, settings: FtpSettings) {
    this.id = id;
    this.settings = settings;
    this.#verbs = verbs;
    this.address = formatAddress({ host: socket.remoteAddress ?? "?", port: socket.remotePort ?? 0 });
    this.#commands = new CommandLoop({
      nextLine: () => this.control.next(),
      during: (verb) => verbs.get(verb)?.during ?? "after",
      isTransferring: () => this.transfer !== undefined,
      answer: (command) => this.#answer(command),
      onAnswered: () => this.#onAnswered(),
    });
    this.control = new Control(socket, {
      onLines: () => this.#onLines(),
      discard: () => this.#commands.discard(),
      onEnd: () => this.#onEnd(),
      stall: settings.stall,
    });
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Greets the client and starts the timers. */
  async start(): Promise<void> {
    const { idle, login } = this.settings;
    this.#idle = setTimeout(() => this.#onIdle(), idle * 1000);
    this.#loginDeadline = setTimeout(() => this.end("Login timeout."), login * 1000);
    this.log("connected", { address: this.address });
    await this.send(reply(220, "Service ready."));
  }

  /** Aborted once the session ends, so that no command waits any longer. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  get isSecure(): boolean {
    return this.control.protection !== undefined;
  }

  /**
   * The user's files. Ask for them where you use them: the account may change during any await.
   *
   * @throws Refusal without a login, or if its account has changed
   */
  get storage(): Storage {
    return this.#requireLogin().storage;
  }

  /**
   * Returns the path for `name`, as the client wrote it.
   *
   * @throws StorageError if it is not allowed
   */
  resolve(name: string): string {
    return resolvePath(this.folder, name);
  }

  send(answer: Reply): Promise<void> {
    return this.control.send(answer);
  }

  log(event: EventName, details: Omit<FtpEvent, "event" | "session"> = {}): void {
    this.settings.log({ event, session: this.id, user: this.login?.user.name, ...details });
  }

  /** Forgets the login and everything that belongs to it. */
  async logOut(): Promise<void> {
    const { login } = this;
    this.login = undefined;
    this.name = undefined;
    this.folder = "/";
    this.restart = 0;
    this.renameFrom = undefined;
    this.prepare(undefined);
    if (login) this.settings.onStage(this, this.isSecure ? "encrypted" : "plaintext");
    await login?.storage.close();
  }

  /** Forgets everything that commands have set: in plaintext they may be an attacker's. */
  async reset(): Promise<void> {
    this.type = "A";
    this.facts = new Set(FACTS);
    this.onlyEpsv = false;
    this.habits.handshakesFirst = false;
    await this.logOut();
  }

  /** @throws Refusal if the account has changed, or the session has ended */
  logIn(login: Login): void {
    if (this.signal.aborted || !this.settings.users.isCurrent(login.user))
      throw new Refusal(530, "Login incorrect.");
    clearTimeout(this.#loginDeadline);
    this.login = login;
    if (login.user.admin) this.folder = login.user.home;
    this.settings.onStage(this, "user");
  }

  /** Replaces the data connection for the next transfer. */
  prepare(data: DataConnection | undefined): void {
    this.#data?.close();
    this.#data = data;
  }

  /** Returns the data connection for this transfer. @throws Refusal if there is none */
  takeData(): DataConnection {
    const data = this.#data;
    if (!data) throw new Refusal(425, "Use EPSV, PASV, EPRT or PORT first.");
    this.#data = undefined;
    return data;
  }

  /** Marks `transfer` as running; some commands are answered during it. */
  begin(transfer: Transfer): void {
    if (this.signal.aborted) transfer.abort("the session ends");
    this.transfer = transfer;
    this.#commands.run();
  }

  /** Ends the session and sends the reason, after the last reply of a running transfer. */
  end(reason: string, code = 421): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#over.abort(OVER);
    this.#commands.stop();
    const sayGoodbye = () => {
      this.send(reply(code, reason)).catch(() => {});
      this.control.end();
    };
    const { transfer } = this;
    transfer?.abort("the session ends");
    if (transfer) transfer.over.then(sayGoodbye, sayGoodbye);
    else sayGoodbye();
  }

  #onLines(): void {
    if (!this.isSecure && !this.login) this.settings.onStage(this, "plaintext");
    this.#commands.run();
  }

  #onEnd(): void {
    this.#over.abort(OVER);
    this.transfer?.abort("the control connection is closed");
    if (!this.#commands.isBusy) this.#cleanUp();
  }

  #onIdle(): void {
    if (this.#commands.isBusy) this.#idle?.refresh();
    else this.end("Timeout.");
  }

  #onAnswered(): void {
    this.#idle?.refresh();
    if (!this.control.hasEnded || this.#commands.isBusy) return;
    this.#commands.stop();
    this.#cleanUp();
  }

  /** Runs once the client has disconnected and no command is being answered. */
  #cleanUp(): void {
    clearTimeout(this.#idle);
    clearTimeout(this.#loginDeadline);
    this.control.end();
    this.log("disconnected");
    this.logOut()
      .catch((error) => this.settings.report(error))
      .then(() => this.control.closed)
      .then(this.#settle, this.#settle);
  }

  #refuse(error: StorageError): Reply {
    // only the operator can mend a file system
    if (error.code === "failed")
      this.settings.report(
        new Error(`files of ${this.login?.user.name}: ${error.message} (${explainToOperator(error)})`),
      );
    return refusalOf(error).reply;
  }

  #requireLogin(): Login {
    const { login } = this;
    if (login && this.settings.users.isCurrent(login.user)) return login;
    throw new Refusal(530, "Please log in with USER and PASS.");
  }

  async #answer(command: Command | Refusal): Promise<void> {
    try {
      const answer = await this.#handle(command);
      if (answer) await this.send(answer);
    } catch (error) {
      this.settings.report(error);
    }
  }

  async #handle(command: Command | Refusal): Promise<Answer> {
    try {
      if (command instanceof Refusal) throw command;
      const verb = this.#verbs.get(command.verb);
      if (!verb) throw new Refusal(502, "Command not implemented.");
      if (verb.for === "users") this.#requireLogin();
      return await verb.handle(this, checkArgument(command, verb));
    } catch (error) {
      if (error instanceof Refusal) return error.reply;
      if (error instanceof StorageError) return this.#refuse(error);
      this.settings.report(error);
      return reply(451, "Requested action aborted: local error in processing.");
    }
  }
}

/** Returns the argument as `verb` wants it. @throws Refusal if it is missing, or not wanted */
function checkArgument({ verb: name, argument }: Command, verb: Verb): string {
  const given = verb.argument.endsWith("text") ? argument : argument.trim();
  if (verb.argument === "none" && given !== "") throw new Refusal(501, `${name} takes no argument.`);
  const isNeeded = verb.argument === "word" || verb.argument === "text";
  if (isNeeded && given === "") throw new Refusal(501, `Syntax: ${verb.usage}.`);
  return given;
}

/** Returns the reply for a file operation that failed. */
export function refusalOf(error: StorageError): Refusal {
  const text = error.message;
  return new Refusal(FAULT_CODES[error.code], `${text.charAt(0).toUpperCase()}${text.slice(1)}.`);
}
