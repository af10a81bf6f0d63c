/** The machine that one program runs on, alone as far as it can tell: a box, or this computer. */
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import type { Bytes } from "../../../lib/bytes/bytes.ts";

/** A socket that listens. */
export interface Listener {
  /** As text, such as `127.0.0.1` or `::`. */
  address: string;
  port: number;
  /** Whether a listener on `::` excludes IPv4. */
  only6: boolean;
}

export interface Endpoint {
  address: string;
  port: number;
}

/** A connection to one of the grader's own listeners on a machine. */
export interface Arrival {
  socket: Socket;
  to: Endpoint;
  from: Endpoint;
}

/** Runs the program. */
export interface Process {
  stdin: Writable;
  stdout: Readable;
  stderr: Readable;
  /**
   * Resolves to the exit status (undefined if a signal ended the program) once the program and all
   * that it started have ended.
   */
  exit: Promise<number | undefined>;
  /** Resolves if the program exceeds a limit, to its name: "memory" or "files". */
  limitExceeded: Promise<string>;
  /** Whether the program waits for a line of input; false where that cannot be observed. */
  isReadingInput(): boolean;
  /** Ends the program, with all that it started. */
  end(): void;
}

export interface Machine extends Process {
  onConnection: (arrival: Arrival) => void;
  /** Called if the supervision of the machine fails, which is not the program's fault. */
  onFailure: (error: Error) => void;
  startProgram(): void;
  /** All sockets that the program itself listens on. */
  scanListeners(): Promise<Listener[]>;
  /** Listens here on behalf of the other side's program; returns the error, or "". */
  listen(listener: Listener): Promise<string>;
  unlisten(listener: Listener): Promise<void>;
  /** Connects to a socket here, from `from` if possible. @throws Error if it cannot connect */
  connect(to: Endpoint, from?: Endpoint): Promise<Socket>;
  /**
   * Returns where the program's writes ended in what came on `socket`, a connection of this
   * machine: offsets after `from` and before `to`. Empty where that cannot be observed.
   */
  boundaries(socket: Socket, from: number, to: number): Promise<number[]>;
  /**
   * Returns how many bytes that were sent on `socket`, a connection of this machine, the program
   * has not read; undefined where that cannot be observed.
   */
  unread(socket: Socket): Promise<number | undefined>;
  /**
   * Reads a small regular file in the program's folder: undefined if it has not changed since the
   * last time, null if it is gone.
   */
  readFile(name: string): Promise<Bytes | undefined | null>;
  /** Writes a file there (default mode: readable by all); returns the error, or "". */
  writeFile(name: string, content: Bytes, mode?: number): Promise<string>;
  /** Makes a symbolic link there, before the program starts; returns the error, or "". */
  makeLink(name: string, target: string): Promise<string>;
  /** Copies the folder of a program that has ended. @throws Error if it holds too much */
  copyFolder(to: string): void;
  /** Whether a process of the program is computing now; false where that cannot be observed. */
  isComputing(): boolean;
  /** Ends everything, and releases its resources. */
  close(): Promise<void>;
}
