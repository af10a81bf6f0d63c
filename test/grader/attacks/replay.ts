/**
 * Replays: a recording is played to a client or a server, or a client's bytes are sent back to it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { Direction } from "../model/direction.ts";
import type { Outcome } from "../model/outcome.ts";
import type { DialledConnection, Session } from "../model/session.ts";
import type { Connection, Tap } from "../model/tap.ts";
import type { Turn } from "../model/turn.ts";
import { piecesOf } from "../wire/turns.ts";

/** Milliseconds without anything from the peer, after which the other side's turn is over. */
const QUIET = 150;
const STEP = 15;

/** Sends a client everything back that it sends. */
export class Echo implements Tap {
  onConnect(): "play" {
    return "play";
  }

  onData(connection: Connection, direction: Direction, bytes: Bytes): Bytes {
    if (direction === "server to client") return bytes;
    connection.inject("server to client", bytes);
    return new Uint8Array(0);
  }
}

/** Plays the server's turns of a recording to a client, each when it is due. */
export class PlayedServer implements Tap {
  /** The turns of each recorded connection, in the order in which the connections were made. */
  readonly #recorded: Turn[][];
  readonly #played = new Map<number, { turns: readonly Turn[]; next: number; timer?: NodeJS.Timeout }>();

  constructor(turns: readonly Turn[]) {
    this.#recorded = byConnection(turns);
  }

  onConnect(connection: Connection): "play" {
    this.#played.set(connection.id, { turns: this.#recorded[this.#played.size] ?? [], next: 0 });
    this.#play(connection);
    return "play";
  }

  onData(connection: Connection, direction: Direction, bytes: Bytes): Bytes {
    if (direction === "server to client") return bytes;
    const playing = this.#played.get(connection.id);
    if (playing) {
      clearTimeout(playing.timer);
      playing.timer = setTimeout(() => this.#answer(connection), QUIET);
    }
    return new Uint8Array(0);
  }

  #answer(connection: Connection): void {
    const playing = this.#played.get(connection.id);
    if (!playing) return;
    while (playing.turns[playing.next]?.direction === "client to server") playing.next += 1;
    this.#play(connection);
  }

  /** Sends the server's turns that are due before the client speaks again. */
  #play(connection: Connection): void {
    const playing = this.#played.get(connection.id);
    if (!playing) return;
    const { turns } = playing;
    for (let turn = turns[playing.next]; turn?.direction === "server to client"; turn = turns[playing.next]) {
      for (const piece of piecesOf(turn)) connection.inject("server to client", piece);
      playing.next += 1;
    }
  }
}

/**
 * Plays the client's turns of `recorded` to a server; returns false if it accepts no connection.
 */
export async function replayTo(session: Session, recorded: Outcome, seconds: number): Promise<boolean> {
  const ports = await session.ports();
  let hasConnected = false;
  for (const turns of byConnection(recorded.turns)) {
    const used = recorded.events.find(
      (event) => event.type === "connect" && event.connection === turns[0]?.connection,
    );
    // a fixed port is used again; instead of a random one, take the main port
    const port = used?.type === "connect" && ports.includes(used.port) ? used.port : undefined;
    const dialled = await session.dial(port).catch(() => undefined);
    if (!dialled) continue;
    hasConnected = true;
    await speak(dialled, turns, seconds);
    dialled.end();
    await Promise.race([dialled.closed(seconds), sleep(seconds * 500)]);
    dialled.reset();
  }
  return hasConnected;
}

function byConnection(turns: readonly Turn[]): Turn[][] {
  const connections = [...new Set(turns.map(({ connection }) => connection))];
  return connections.map((number) => turns.filter(({ connection }) => connection === number));
}

async function speak(dialled: DialledConnection, turns: readonly Turn[], seconds: number): Promise<void> {
  for (const turn of turns) {
    if (turn.direction === "client to server") for (const piece of piecesOf(turn)) dialled.write(piece);
    else await listen(dialled, seconds);
  }
}

/** Waits until the server has spoken and fallen silent, or `seconds` have passed. */
async function listen(dialled: DialledConnection, seconds: number): Promise<void> {
  const before = dialled.received.length;
  let length = before;
  let quiet = 0;
  for (let waited = 0; waited < seconds * 1000 && (length === before || quiet < QUIET); waited += STEP) {
    await sleep(STEP);
    quiet = dialled.received.length === length ? quiet + STEP : 0;
    length = dialled.received.length;
  }
}
