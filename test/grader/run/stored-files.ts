/** The files that the programs of a session transfer: placing them, and watching what is stored. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import type { TaskManifest } from "../manifest/manifest.ts";
import type { Side } from "../model/direction.ts";
import type { EventWithoutTime } from "../model/events.ts";
import type { Transfer } from "../model/session.ts";
import type { Machine } from "../sandbox/machine.ts";
import type { Program } from "./program.ts";
import { fileNameFor, pathFor } from "./stored-file-names.ts";

/** Precedes the content of a file that counts as a program's output. */
export const STORED = "stored file: ";

/** A program, and the machine that it runs on. */
export interface Placed {
  machine: Machine;
  program: Program;
}

interface Watched extends Placed {
  path: string;
  /** The client for whose exchange the file is watched, if it is for one. */
  client: Program | undefined;
}

/** In a task whose programs print instead of transferring files, nothing is placed or watched. */
export class SessionFiles {
  readonly #places: TaskManifest["files"];
  readonly #reply: string;
  readonly #record: (event: EventWithoutTime) => void;
  #watched: Watched[] = [];
  /** The paths of all files that this session placed or watched. */
  readonly #used = new Set<string>();

  /** @param reply the content of the server's file */
  constructor(places: TaskManifest["files"], reply: string, record: (event: EventWithoutTime) => void) {
    this.#places = places;
    this.#reply = reply;
    this.#record = record;
  }

  /** Returns the placeholders of a program of `side`, with their values. */
  placeholders(side: Side, text: string, transfer?: Transfer): Record<string, string> {
    if (!this.#places) return { [side === "server" ? "reply" : "message"]: text };
    if (side === "server") return {};
    const { put, get } = transferOf(text, this.#reply, transfer);
    return { put: put.name, get };
  }

  /** Places the file that a program of `side` starts with. */
  async place(machine: Machine, side: Side, text: string, transfer?: Transfer): Promise<void> {
    if (!this.#places) return;
    const { server, client } = this.#places;
    const { name, content, at } =
      side === "server" ? fileWith(text) : transferOf(text, this.#reply, transfer).put;
    const path = at ?? pathFor(side === "server" ? server.get : client.put, name);
    if (path === undefined) return;
    this.#used.add(path);
    await machine.writeFile(path, content);
  }

  /** From now on, the files that both sides store in this client's exchange count as output. */
  watchExchange(server: Placed, client: Placed, message: string): void {
    this.#watched = this.#watched.filter((watched) => watched.client?.ended === undefined);
    this.#watch(server, this.#places?.server.put, message, client.program);
    this.#watch(client, this.#places?.client.get, this.#reply, client.program);
  }

  /** From now on, the server's file with this text counts as output. */
  watchServer(server: Placed, message: string): void {
    this.#watch(server, this.#places?.server.put, message, undefined);
  }

  /** Reads the watched files. */
  async refresh(): Promise<void> {
    for (const { machine, program, path } of [...this.#watched]) {
      const content = await machine.readFile(path);
      if (content === undefined) continue;
      if (content === null) {
        program.stored.delete(path);
        continue;
      }
      const text = Buffer.from(content).toString("utf8");
      program.stored.set(path, `${STORED}${text}`);
      const { side, number } = program;
      this.#record({ type: "printed", side, program: number, stream: "file", text: `${text}\n` });
    }
  }

  /** Overwrites the server's file with this text, so that it is noticed if it is stored again. */
  async overwrite({ machine, program }: Placed, message: string): Promise<void> {
    const path = this.#places && pathFor(this.#places.server.put, fileNameFor(message));
    if (path === undefined || !program.stored.has(path)) return;
    await machine.writeFile(path, encodeUtf8("a newer version"));
    program.stored.delete(path);
  }

  /** Removes the files of this session from a program's task folder. */
  removeFrom(folder: string): void {
    for (const path of this.#used) rmSync(join(folder, path), { force: true });
  }

  #watch({ machine, program }: Placed, pattern = "", text: string, client: Program | undefined): void {
    const path = pattern === "" ? undefined : pathFor(pattern, fileNameFor(text));
    if (path === undefined) return;
    this.#used.add(path);
    const isKnown = this.#watched.some((file) => file.machine === machine && file.path === path);
    if (!isKnown) this.#watched.push({ machine, program, path, client });
  }
}

/** Returns the files that a client transfers: those of `transfer`, or the files of the texts. */
function transferOf(message: string, reply: string, { put, get }: Transfer = {}) {
  return { put: put ?? fileWith(message), get: get ?? fileNameFor(reply) };
}

function fileWith(text: string) {
  return { name: fileNameFor(text), content: encodeUtf8(text), at: undefined };
}
