/** Where a submission's programs run, and what can be done to them there. */
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { Direction } from "../../support/wiretap.ts";
import type { TaskManifest } from "../manifest/manifest.ts";
import type { Side } from "./report.ts";

/** One task of one submission, ready to run any number of times. */
export interface PreparedTask {
  readonly task: string;
  readonly manifest: TaskManifest;
  /** The copy of the submission, with its edits, as it is before anything ran: to read, not to write. */
  readonly source: string;
  /** That the eavesdropper may take, where it is not the usual number. */
  readonly steps?: number;
  /** All choices by chance come from here: the same seed and purpose give the same bytes. */
  random(purpose: string, length: number): Bytes;
  /** Starts the server in fresh namespaces, and waits until it listens. @throws NotShown when it does not */
  open(options?: SessionOptions): Promise<Session>;
}

export interface SessionOptions {
  /** What the server is to say; told to the server alone. */
  reply?: string;
  /** Another server of the manifest than "server", such as one with other keys. */
  server?: string;
  /** The folders of an earlier stage that was opened with `keep`, as it left them, in place of a fresh copy. */
  folders?: Session | undefined;
  /** Names of programs that begin with a fresh copy all the same. */
  fresh?: readonly string[] | undefined;
  /** What lies in the server's folder besides, in a task whose programs carry files. */
  serverFiles?: readonly PlacedFile[];
  /** Keep the folders when it closes, for the `folders` of later stages. */
  keep?: boolean;
  /** What is written in several pieces goes on in as many, once its turn is complete: slower, for programs that need it. */
  inPieces?: boolean;
  tap?: Tap;
}

/** A file, or a symbolic link, in a program's folder; its path is relative to the task's folder. */
export type PlacedFile = { path: string; content: Bytes } | { path: string; target: string };

/** What a client is told to carry, in a task whose programs carry files, where it is not what follows from the texts. */
export interface Transfer {
  put?: {
    name: string;
    content: Bytes;
    /** Where the client has it, relative to the task's folder, if the name does not say so. */
    at?: string;
  };
  /** The name of what it asks the server for. */
  get?: string;
}

/** A running server, the wire before it, and any number of clients. */
export interface Session {
  readonly server: RunningProgram;
  /** All that was seen so far, in order of time. */
  readonly events: SessionEvent[];
  /** Starts a client that is to say `message`; `client` is another one of the manifest than "client". */
  start(message: string, client?: string, transfer?: Transfer): Promise<RunningProgram>;
  /** Looks now at what the programs have stored. */
  look(): Promise<void>;
  /** From now on the server's file with this text counts as its output, in a task whose programs carry files. */
  expect(message: string): Promise<void>;
  /** Makes the server's file with this text another one, if it is there, so that it is seen when the text comes again. */
  supersede(message: string): Promise<void>;
  /** Connects to the server as nobody in particular. */
  dial(port?: number): Promise<DialledConnection>;
  /** The ports on which the server listens now. */
  ports(): Promise<number[]>;
  /** Whether one of its programs computes at this moment, and does not wait; false where that cannot be seen. */
  working(): boolean;
  /** Once it is closed: the path of the folder of `program`, as that left it, where folders were to be kept. */
  folderOf(program: string): string | undefined;
  /** Ends all programs, and waits until they are gone. @throws what the tap threw, if it did */
  close(): Promise<void>;
}

/** A program in its box. */
export interface RunningProgram {
  readonly side: Side;
  /** Counted from 1 among the programs of a stage. */
  readonly number: number;
  /** What it printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** The files that it was to store, as they are now: a line for each, by path. Empty where programs print. */
  readonly stored: ReadonlyMap<string, string>;
  /** Resolves once it has ended, or was ended. */
  readonly ending: Promise<Ending>;
  /** How it ended; undefined while it runs. */
  readonly ended: Ending | undefined;
  /** The text that it must print before the next line is typed, if its manifest says so. */
  readonly waiting: string | undefined;
  /** Resolves to true once what it printed contains `text`, to false when it ends, or `seconds` pass, before. */
  prints(text: string, seconds: number): Promise<boolean>;
  /** Writes a line to its standard input. */
  say(line: string): void;
  stop(): Promise<void>;
}

export interface Ending {
  /** The exit status; undefined when a signal ended it. */
  status: number | undefined;
  /** Why the harness ended it, if it did: "output", "memory", "files", "time", "stopped". */
  stopped: string | undefined;
}

/** A connection that the harness itself made to the server. */
export interface DialledConnection {
  write(bytes: Bytes): void;
  end(): void;
  reset(): void;
  /** All that came so far. */
  readonly received: Bytes;
  /** Resolves once the server has ended or reset it, to true, or once `seconds` have passed, to false. */
  closed(seconds: number): Promise<boolean>;
}

/** Sits on the wire: sees each piece on its way, and says what goes on in its place. */
export interface Tap {
  /** Ports that the server has opened stay open to clients when it closes them: somebody else answers there. */
  readonly keepsPorts?: boolean;
  /** A new connection of a client; "refuse" resets it, with "play" no server is asked and `inject` answers. */
  onConnect?(connection: Connection): "relay" | "refuse" | "play";
  /** Returns what goes on in place of `bytes`, at once or later; nothing at all when it is empty. */
  onData?(connection: Connection, direction: Direction, bytes: Bytes): Bytes | Promise<Bytes>;
  /** One side has ended its half; false keeps that from the other. */
  onEnd?(connection: Connection, direction: Direction): boolean | Promise<boolean>;
}

/** A client's connection as the wire sees it. */
export interface Connection {
  /** Counted from 1 in each stage. */
  readonly id: number;
  readonly port: number;
  /** The number of the client's program. */
  readonly client: number;
  /** Sends bytes of our own in `direction`. */
  inject(direction: Direction, bytes: Bytes): void;
  end(direction: Direction): void;
  reset(): void;
}

/** Where a program's output is: a file that it has stored is output too. */
export type OutputStream = "stdout" | "stderr" | "file";

/** Milliseconds since the stage was opened. */
export type SessionEvent = { at: number } & (
  | {
      type: "connect";
      connection: number;
      port: number;
      address: string;
      from: number /** Number of the client's program; undefined when we dialled. */;
      client: number | undefined;
    }
  | {
      type: "data";
      connection: number;
      direction: Direction;
      /** As they came; empty for what the tap injected. */
      bytes: Bytes;
      /** What went on. */
      passed: Bytes;
      /** Bytes of either that are not kept here: a stage keeps so much and no more. */
      dropped?: number;
    }
  | { type: "end" | "reset"; connection: number; direction: Direction }
  | { type: "printed"; side: Side; program: number; stream: OutputStream; text: string }
  | { type: "exit"; side: Side; program: number; ending: Ending }
  /** A shared file that `side` wrote, and that was carried to the other. */
  | { type: "file"; side: Side; name: string; bytes: Bytes }
);
