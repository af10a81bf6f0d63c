/** The machine that one program believes itself to be alone on: a box, or this machine itself. */
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import type { Bytes } from "../../../lib/bytes/bytes.ts";

/** A socket that listens. */
export interface Listener {
  /** As text, such as `127.0.0.1` or `::`. */
  address: string;
  port: number;
  /** Whether one on `::` leaves IPv4 to others. */
  only6: boolean;
}

export interface Endpoint {
  address: string;
  port: number;
}

/** A connection that came to one of our own listeners there. */
export interface Arrival {
  socket: Socket;
  to: Endpoint;
  from: Endpoint;
}

/** Runs the program, in a box or without one. */
export interface Process {
  stdin: Writable;
  stdout: Readable;
  stderr: Readable;
  /**
   * Resolves to the exit status (undefined if a signal ended the program) once the program and all
   * that it started are gone.
   */
  exit: Promise<number | undefined>;
  /** Resolves if the program exceeded a limit, to which one: "memory" or "files". */
  limitExceeded: Promise<string>;
  /** Ends the program, with all that it started. */
  end(): void;
}

export interface Machine extends Process {
  onConnection: (arrival: Arrival) => void;
  /** Called when what watches over it breaks: no fault of the program. */
  onFailure: (error: Error) => void;
  /** Lets the program start. */
  startProgram(): void;
  /** From now on what the program writes in several small pieces comes so. */
  preservePieces(): void;
  /** All sockets that the program itself listens on. */
  scanListeners(): Promise<Listener[]>;
  /** Listens there in place of the other side's program; returns what is against it, if anything. */
  listen(listener: Listener): Promise<string>;
  unlisten(listener: Listener): Promise<void>;
  /** Connects to a socket there; `from` is where to come from, if that can be. @throws Error when it cannot */
  connect(to: Endpoint, from?: Endpoint): Promise<Socket>;
  /** The content of a small regular file in the program's folder; undefined when there is nothing new, null when it has gone. */
  readFile(name: string): Promise<Bytes | undefined | null>;
  /** Writes a file there, by default one that all may read; returns what is against it, if anything. */
  writeFile(name: string, content: Bytes, mode?: number): Promise<string>;
  /** Makes a symbolic link there, before the program starts; returns what is against it, if anything. */
  makeLink(name: string, target: string): Promise<string>;
  /** Copies the program's folder, as it left it; once it has ended. @throws Error when there is too much in it */
  copyFolder(to: string): void;
  /** Whether a process of the program computes at this moment, and does not wait; false where that cannot be seen. */
  isComputing(): boolean;
  /** Ends everything, and gives back what it took. */
  close(): Promise<void>;
}
