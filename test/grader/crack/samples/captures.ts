/** What the tests of this folder capture: texts, noise, and both in pieces. */
import { createHash } from "node:crypto";
import { type Bytes, concat, encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import type { Direction } from "../../model/direction.ts";
import { Budget } from "../capture/budget.ts";
import { type Capture, streamsOf } from "../capture/capture.ts";
import type { View } from "../capture/view.ts";
import { viewsOf } from "../decode/decodings.ts";

export const TEXT =
  "The copper kettle sings at seven, and no one near the harbour knows why; bring 42 lanterns, a rope, and no questions.";
export const OTHER =
  "Quiet foxes wander over the frozen river tonight; leave the blue door open, and hide 17 letters below the stairs.";

/** Returns a capture with one connection, on which the client sends its pieces first. */
export function captured(
  client: readonly (Bytes | string)[],
  server: readonly (Bytes | string)[] = [],
): Capture {
  const pieces = (direction: Direction, list: readonly (Bytes | string)[], start: number) =>
    list.map((piece, index) => ({
      connection: 1,
      direction,
      at: start + index,
      bytes: typeof piece === "string" ? encodeUtf8(piece) : new Uint8Array(piece),
    }));
  return {
    pieces: [...pieces("client to server", client, 0), ...pieces("server to client", server, 1000)],
    files: [],
  };
}

/** Returns all views of a capture with one connection. */
export function viewsIn(
  client: readonly (Bytes | string)[],
  server: readonly (Bytes | string)[] = [],
): View[] {
  return streamsOf(captured(client, server)).flatMap((stream) => viewsOf(stream, new Budget()));
}

/** Returns pseudorandom bytes determined by `seed`. */
export function noise(seed: string | number, length: number): Bytes {
  const parts: Bytes[] = [];
  for (let counter = 0; counter * 64 < length; counter++) {
    parts.push(new Uint8Array(createHash("sha512").update(`${seed} ${counter}`).digest()));
  }
  return concat(parts).subarray(0, length);
}

/** Returns `text` encrypted byte by byte. */
export function bytewise(text: string, encrypt: (byte: number, at: number) => number): Bytes {
  return encodeUtf8(text).map((byte, at) => encrypt(byte, at) & 255);
}

/** Returns `text` with each letter shifted within its case, and everything else unchanged. */
export function shiftLetters(text: string, shiftOf: (letter: number, at: number) => number): string {
  let letters = 0;
  return Array.from(text, (character, at) => {
    const base = /[a-z]/.test(character) ? 97 : /[A-Z]/.test(character) ? 65 : undefined;
    if (base === undefined) return character;
    return String.fromCharCode(base + ((character.charCodeAt(0) - base + shiftOf(letters++, at) + 260) % 26));
  }).join("");
}
