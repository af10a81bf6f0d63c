/** A connection that the grader itself made to the server. */
import type { Socket } from "node:net";
import { type Bytes, concat } from "../../../lib/bytes/bytes.ts";
import type { EventWithoutTime } from "../model/events.ts";
import type { DialledConnection } from "../model/session.ts";
import type { PacedWriter } from "../wire/paced-writer.ts";
import { reset } from "../wire/reset.ts";

const EMPTY: Bytes = new Uint8Array(0);

/** Reads from `socket` until the server ends or resets it, and records what passes. */
export function followConnection(
  socket: Socket,
  {
    connection,
    record,
    writer,
  }: { connection: number; record: (event: EventWithoutTime) => void; writer: PacedWriter },
): DialledConnection {
  const pieces: Bytes[] = [];
  let isOver = false;
  let resolveOver = () => {};
  const over = new Promise<void>((resolve) => {
    resolveOver = resolve;
  });
  const finish = (type: "end" | "reset") => {
    if (isOver) return;
    isOver = true;
    record({ type, connection, direction: "server to client" });
    resolveOver();
  };
  socket.on("data", (piece: Bytes) => {
    const bytes = new Uint8Array(piece);
    pieces.push(bytes);
    record({ type: "data", connection, direction: "server to client", bytes, passed: bytes });
  });
  socket.on("end", () => finish("end"));
  socket.on("error", () => finish("reset"));
  socket.resume();
  return {
    write(bytes) {
      record({ type: "data", connection, direction: "client to server", bytes: EMPTY, passed: bytes });
      void writer.write(bytes);
    },
    end: () => void writer.end(),
    reset: () => reset(socket),
    get received() {
      return concat(pieces);
    },
    closed: (seconds) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => resolve(isOver), seconds * 1000);
        void over.then(() => {
          clearTimeout(timer);
          resolve(true);
        });
      }),
  };
}
