/** The harness in the place of one side: a recording is played, or what comes is sent back. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { Direction } from "../model/direction.ts";
import type { Outcome } from "../model/outcome.ts";
import type { DialledConnection, Session } from "../model/session.ts";
import type { Connection, Tap } from "../model/tap.ts";
import type { Turn } from "../model/turn.ts";

/** Milliseconds without anything from the peer, after which it is our turn. */
const QUIET = 150;
const STEP = 15;

/** Plays the server: the turns of a recording, each when it is due, or an echo. */
export class Played implements Tap {
  readonly #part: readonly Turn[] | "echo";
  readonly #next = new Map<number, number>();
  readonly #timers = new Map<number, NodeJS.Timeout>();
  #connections = 0;

  constructor(part: readonly Turn[] | "echo") {
    this.#part = part;
  }

  onConnect(connection: Connection): "play" {
    this.#connections += 1;
    this.#next.set(connection.id, this.#connections);
    if (this.#part !== "echo") this.#play(connection, 0, this.#connections);
    return "play";
  }

  onData(connection: Connection, direction: Direction, bytes: Bytes): Bytes {
    if (direction === "server to client") return bytes;
    if (this.#part === "echo") {
      connection.inject("server to client", bytes);
      return new Uint8Array(0);
    }
    clearTimeout(this.#timers.get(connection.id));
    const place = this.#place.get(connection.id) ?? 0;
    const number = this.#next.get(connection.id) ?? 1;
    this.#timers.set(
      connection.id,
      setTimeout(() => this.#play(connection, place, number), QUIET),
    );
    return new Uint8Array(0);
  }

  readonly #place = new Map<number, number>();

  /** Sends the recorded turns of connection `number` from `place` on, up to where its client spoke again. */
  #play(connection: Connection, place: number, number: number): void {
    if (this.#part === "echo") return;
    const numbers = [...new Set(this.#part.map((turn) => turn.connection))];
    const turns = this.#part.filter((turn) => turn.connection === numbers[number - 1]);
    let at = place;
    // what the client said is past
    while (this.#place.has(connection.id) && turns[at]?.direction === "client to server") at += 1;
    this.#place.set(connection.id, at);
    for (let turn = turns[at]; turn?.direction === "server to client"; turn = turns[at]) {
      connection.inject("server to client", turn.bytes);
      at += 1;
    }
    this.#place.set(connection.id, at);
  }
}

/** Plays the client's part of `recorded` to the server of `stage`; returns false when nobody takes the connection. */
export async function replayTo(session: Session, recorded: Outcome, seconds: number): Promise<boolean> {
  const numbers = [...new Set(recorded.turns.map((turn) => turn.connection))];
  const ports = await session.ports();
  let connected = false;
  for (const number of numbers) {
    const turns = recorded.turns.filter((turn) => turn.connection === number);
    const port = recorded.events.find((event) => event.type === "connect" && event.connection === number);
    const wanted = port?.type === "connect" ? port.port : undefined;
    // a literal port comes again; one by chance does not, and then the main one stands for it
    const target = wanted !== undefined && ports.includes(wanted) ? wanted : undefined;
    const dialled = await session.dial(target).catch(() => undefined);
    if (!dialled) continue;
    connected = true;
    await speak(dialled, turns, seconds);
    dialled.end();
    await Promise.race([dialled.closed(seconds), sleep(seconds * 500)]);
    dialled.reset();
  }
  return connected;
}

async function speak(dialled: DialledConnection, turns: readonly Turn[], seconds: number): Promise<void> {
  for (const turn of turns) {
    if (turn.direction === "client to server") dialled.write(turn.bytes);
    else await hears(dialled, seconds);
  }
}

/** Waits until the server has said something and is quiet, or does not. */
async function hears(dialled: DialledConnection, seconds: number): Promise<void> {
  const before = dialled.received.length;
  let length = before;
  let quiet = 0;
  for (let waited = 0; waited < seconds * 1000 && (length === before || quiet < QUIET); waited += STEP) {
    await sleep(STEP);
    quiet = dialled.received.length === length ? quiet + STEP : 0;
    length = dialled.received.length;
  }
}
