/**
 * How a program encrypts a text for a public key: learnt from a message that was encrypted for a
 * key of the attacker's, and followed with any other public key.
 */
import { type Bytes, concat } from "../../../lib/bytes/bytes.ts";
import { bitLength, fromBytes, toBytes } from "./arithmetic/modular.ts";
import { Budget } from "./capture/budget.ts";
import { type Piece, streamsOf } from "./capture/capture.ts";
import { latin1, patch, type View } from "./capture/view.ts";
import { viewsOf } from "./decode/decodings.ts";
import { blockOffsets, units } from "./decode/frames.ts";
import { type Field, integerAt, numbersIn, replaceNumber } from "./decode/numbers.ts";
import { otherText, replaceText } from "./decode/replace-text.ts";
import { derivedKeys, keysOnTheWire } from "./keys/key-candidates.ts";
import {
  type Opened,
  openBlock,
  type PrivateNumbers,
  type PublicNumbers,
  sealBlock,
} from "./rsa/own-keys.ts";
import { unseal } from "./symmetric/unseal.ts";

/** A field of a message, by where it is, and what to write there. */
type Part = { steps: string; offset: number; length: number } & (
  | { bytes: Bytes }
  /** To be encrypted for the receiver. */
  | { coding: Field["coding"]; block: Opened }
);

export interface Recipe {
  /** The index of the key for which the message was encrypted. */
  key: number;
  /** What the receiver prints if it takes the message. */
  text: string;
  parts: Part[];
  /** In words: how the text was encrypted. */
  how: string;
}

const STEPS = 200_000_000;
const MAX_BLOCKS = 64;
const MAX_UNITS = 40;
const MAX_KEYS = 80;
/** Bytes; a key of fewer is no key that anyone would wrap. */
const MIN_BLOCK = 32;
/** Without padding, random blocks open to as many bytes as the modulus has. */
const MAX_UNPADDED = 0.75;
/** Bytes of a nonce or a tag. */
const FIELDS = new Set([8, 12, 16]);

type OpenedField = Field & { opened: Opened };

export interface LearnRequest {
  /** The pieces of a message that says `text`, encrypted for one of `keys`. */
  message: readonly Bytes[];
  keys: readonly PrivateNumbers[];
  text: string;
}

/** Learns from a message; undefined if none of the keys opens it. */
export function learn({ message, keys, text }: LearnRequest): Recipe | undefined {
  const views = viewsIn(message);
  const other = otherText(text);
  for (const [index, key] of keys.entries()) {
    for (const view of views) {
      const blocks = blocksIn(view, key);
      const recipe = pure(blocks, text, other) ?? hybrid(blocks, views, text, other);
      if (recipe) return { ...recipe, key: index };
    }
  }
  return undefined;
}

/** Returns `message` with the recipe's text, for `key`; undefined if it differs in form. */
export function follow({ parts }: Recipe, message: readonly Bytes[], key: PublicNumbers): Bytes | undefined {
  let bytes = concat([...message]);
  let pieces = message;
  for (const part of parts) {
    const view = viewsIn(pieces).find(({ steps }) => steps.join() === part.steps);
    if (!view || part.offset + part.length > view.bytes.length) return undefined;
    const changed = "bytes" in part ? patch(view, part.offset, part.bytes) : encryptInto(view, part, key);
    if (changed?.length !== bytes.length) return undefined;
    bytes = changed.slice();
    pieces = cutLike(bytes, message);
  }
  return bytes;
}

function encryptInto(
  view: View,
  part: Extract<Part, { block: Opened }>,
  key: PublicNumbers,
): Bytes | undefined {
  const field = integerAt(view, part.offset, part.length, part.coding);
  return replaceNumber(field, fromBytes(sealBlock(key, part.block)));
}

type Learnt = Omit<Recipe, "key">;

/** Nothing but RSA: one or several blocks. */
function pure(blocks: readonly OpenedField[], text: string, other: string): Learnt | undefined {
  const before = concat(blocks.map(({ opened }) => opened.plaintext));
  const after = replaceText(before, text, other);
  if (!after) return undefined;
  let at = 0;
  const parts = blocks.map(({ opened, ...field }): Part => {
    const plaintext = after.slice(at, at + opened.plaintext.length);
    at += plaintext.length;
    return { ...placeOf(field), coding: field.coding, block: { ...opened, plaintext } };
  });
  return { text: other, parts, how: `RSA, ${blocks[0]?.opened.padding}` };
}

/** A symmetric key in one block, and the text under that key. */
function hybrid(
  blocks: readonly OpenedField[],
  views: readonly View[],
  text: string,
  other: string,
): Learnt | undefined {
  for (const { opened, ...field } of blocks) {
    const inside = viewsIn([opened.plaintext]);
    const extra = units(opened.plaintext, [0]).concat(
      [...FIELDS].map((length) => ({ at: 0, bytes: opened.plaintext.slice(-length) })),
    );
    for (const key of keysIn(opened.plaintext, inside)) {
      for (const view of views) {
        const parts = view.rare
          ? undefined
          : sealedParts(
              key,
              view,
              extra.map(({ bytes }) => bytes),
              text,
              other,
            );
        if (!parts) continue;
        const wrapped: Part = { ...placeOf(field), coding: field.coding, block: opened };
        return {
          text: other,
          parts: [wrapped, ...parts],
          how: `RSA, ${opened.padding}, for a key, and the text under that key`,
        };
      }
    }
  }
  return undefined;
}

/** Returns the fields of a view that carry the text under `key`, with another text. */
function sealedParts(
  key: Bytes,
  view: View,
  extra: readonly Bytes[],
  text: string,
  other: string,
): Part[] | undefined {
  const all = units(view.bytes, view.starts.slice(0, MAX_UNITS)).slice(0, MAX_UNITS);
  const offsets = new Map(all.map(({ at, bytes }) => [bytes.slice(), at]));
  const short = [...offsets.keys()].filter(({ length }) => FIELDS.has(length));
  for (const data of offsets.keys()) {
    if (data.length < text.length) continue;
    for (const { plaintext, seal } of unseal(key, data, [...short, ...extra])) {
      const changed = replaceText(plaintext, text, other);
      if (!changed) continue;
      return [...seal(changed)].flatMap(([field, bytes]) => {
        const offset = offsets.get(field);
        return offset === undefined ? [] : [{ ...placeOf({ view, offset, length: field.length }), bytes }];
      });
    }
  }
  return undefined;
}

/** Returns the keys that a wrapped block may hold: all of it, tokens in it, or parts of it. */
function keysIn(plaintext: Bytes, views: readonly View[]): Bytes[] {
  const whole = { bytes: plaintext, kind: "weak key" as const };
  const parts = keysOnTheWire(views, MAX_KEYS).flatMap((candidate) => derivedKeys(candidate, false));
  const all = [...derivedKeys(whole, false), ...parts, ...derivedKeys(whole, true)].map(({ bytes }) => bytes);
  return [...new Map(all.map((bytes) => [latin1(bytes), bytes])).values()];
}

/** Returns the blocks of a view that `key` opens, in order. */
function blocksIn(view: View, key: PrivateNumbers): OpenedField[] {
  const length = Math.ceil(bitLength(key.modulus) / 8);
  if (view.rare || length < MIN_BLOCK) return [];
  const binary = blockOffsets(view, length, MAX_BLOCKS).map((at) =>
    integerAt(view, at, length, "big-endian"),
  );
  const isLong = ({ value }: Field) => bitLength(value) > bitLength(key.modulus) - 64;
  const fields = [...binary, ...numbersIn(view, MAX_BLOCKS)].filter(isLong);
  return fields
    .toSorted((a, b) => a.offset - b.offset)
    .flatMap((field) => {
      const opened = open(key, field.value, length);
      return opened ? [{ ...field, opened }] : [];
    });
}

const known = new Map<string, Opened | undefined>();

/** Opens each block once: it occurs in several views. */
function open(key: PrivateNumbers, value: bigint, length: number): Opened | undefined {
  const id = `${key.modulus} ${value}`;
  if (!known.has(id)) known.set(id, value < key.modulus ? openBlock(key, toBytes(value, length)) : undefined);
  const opened = known.get(id);
  const isTelling = opened && (opened.padding !== "none" || opened.plaintext.length < MAX_UNPADDED * length);
  return isTelling ? opened : undefined;
}

function placeOf({ view, offset, length }: Pick<Field, "view" | "offset" | "length">) {
  return { steps: view.steps.join(), offset, length };
}

function viewsIn(pieces: readonly Bytes[]): View[] {
  const place = { connection: 1, direction: "client to server" as const, at: 0 };
  const all: Piece[] = pieces.map((bytes) => ({ ...place, bytes }));
  return streamsOf({ pieces: all, files: [] }).flatMap((stream) => viewsOf(stream, new Budget(STEPS)));
}

function cutLike(bytes: Bytes, pieces: readonly Bytes[]): Bytes[] {
  let at = 0;
  return pieces.map(({ length }) => {
    at += length;
    return bytes.slice(at - length, at);
  });
}
