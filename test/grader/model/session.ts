/** A session: a running server, the wire, and any number of clients. */
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { SessionEvent } from "./events.ts";
import type { RunningProgram } from "./program.ts";
import type { Tap } from "./tap.ts";

export interface SessionOptions {
  /** The text that the server is to send; only the server is given it. */
  reply?: string;
  /** A server of the manifest other than "server", such as one with other keys. */
  server?: string;
  /** Start from the folders of an earlier session (see `keepFolders`), not a fresh copy. */
  foldersFrom?: Session | undefined;
  /** Names of programs that start from a fresh copy all the same. */
  freshPrograms?: readonly string[] | undefined;
  /** More files for the server's folder, in a task whose programs transfer files. */
  serverFiles?: readonly PlacedFile[];
  /** Keep the folders when the session closes, for the `foldersFrom` of later sessions. */
  keepFolders?: boolean;
  tap?: Tap;
}

/** A file or a symbolic link in a program's folder; the path is relative to the task's folder. */
export type PlacedFile = { path: string; content: Bytes } | { path: string; target: string };

/** What a client is to transfer, where that does not follow from the texts. */
export interface Transfer {
  put?: {
    name: string;
    content: Bytes;
    /** The client's own path of the file, relative to the task's folder, if not given by `name`. */
    at?: string;
  };
  /** The name of the file to request from the server. */
  get?: string;
}

export interface Session {
  readonly server: RunningProgram;
  /** All events so far, in order of time. */
  readonly events: SessionEvent[];
  /** Starts a client that is to send `message`; `client`: its name in the manifest. */
  start(message: string, client?: string, transfer?: Transfer): Promise<RunningProgram>;
  /** Reads the files that the programs have stored up to now. */
  refresh(): Promise<void>;
  /** From now on, the server's file with this text counts as output (if the task has files). */
  watchFor(message: string): Promise<void>;
  /** Overwrites the server's file with this text, if it exists, so that a second one is noticed. */
  overwriteStored(message: string): Promise<void>;
  /** Connects to the server directly, as an unknown client. */
  dial(port?: number): Promise<DialledConnection>;
  /** The ports on which the server listens now. */
  ports(): Promise<number[]>;
  /** Whether a program is computing at this moment; false where that cannot be observed. */
  isComputing(): boolean;
  /** The folder that `program` left behind, if the session is closed and kept its folders. */
  folderOf(program: string): string | undefined;
  /** Ends all programs and waits for them. @throws the error that the tap threw, if it did */
  close(): Promise<void>;
}

/** A connection that the grader itself made to the server. */
export interface DialledConnection {
  write(bytes: Bytes): void;
  end(): void;
  reset(): void;
  /** All bytes received so far. */
  readonly received: Bytes;
  /** Resolves to true once the server ends or resets it, or to false after `seconds`. */
  closed(seconds: number): Promise<boolean>;
}
