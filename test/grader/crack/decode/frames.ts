/** Splits a stream of an unknown protocol into messages: by lengths that add up, or by pieces. */
import { type Bytes, concat } from "../../../../lib/bytes/bytes.ts";
import { latin1, type Segment, type View } from "../capture/view.ts";

const MAX_FRAMES = 10_000;
const MAX_MESSAGES = 200;

type Header = (
  bytes: Bytes,
  at: number,
  text: () => string,
) => { header: number; length: number } | undefined;

const HEADERS: Record<string, Header> = {
  "uint32 lengths, big-endian": binary(4, (view, at) => view.getUint32(at)),
  "uint32 lengths, little-endian": binary(4, (view, at) => view.getUint32(at, true)),
  "uint16 lengths, big-endian": binary(2, (view, at) => view.getUint16(at)),
  "uint16 lengths, little-endian": binary(2, (view, at) => view.getUint16(at, true)),
  "uint64 lengths, big-endian": binary(8, (view, at) => Number(view.getBigUint64(at))),
  "uint64 lengths, little-endian": binary(8, (view, at) => Number(view.getBigUint64(at, true))),
  "lengths in padded decimal": (bytes, at) => {
    const match = /^ *(\d{1,9}) *(?=\D|$)|^0*(\d{1,9})/.exec(latin1(bytes.subarray(at, at + 128)));
    if (!match) return undefined;
    return { header: paddedWidth(match[0].length), length: Number(match[1] ?? match[2]) };
  },
  "lengths in decimal": (bytes, at) => {
    const match = /^(\d{1,9})(\r?\n|[:,|#;\0])/.exec(latin1(bytes.subarray(at, at + 16)));
    return match ? { header: match[0].length, length: Number(match[1]) } : undefined;
  },
};

/** Returns the payloads of `bytes` for each kind of length prefix that divides them exactly. */
export function framings(bytes: Bytes): { name: string; frames: Segment[] }[] {
  return Object.entries(HEADERS).flatMap(([name, header]) => {
    const frames = split(bytes, header);
    return frames ? [{ name, frames }] : [];
  });
}

/**
 * Returns `bytes` cut at `starts`, and each part cut again where length prefixes divide it exactly.
 */
export function units(bytes: Bytes, starts: readonly number[]): { at: number; bytes: Bytes }[] {
  const found = new Map<string, { at: number; bytes: Bytes }>();
  const add = (at: number, unit: Bytes) => {
    if (unit.length > 0) found.set(`${at} ${unit.length}`, { at, bytes: unit });
  };
  starts.forEach((start, index) => {
    const end = starts[index + 1] ?? bytes.length;
    add(start, bytes.subarray(start, end));
    for (const { frames } of framings(bytes.subarray(start, end))) {
      for (const frame of frames) add(start + frame.from, frame.bytes);
    }
  });
  for (const { frames } of framings(bytes)) for (const frame of frames) add(frame.from, frame.bytes);
  add(0, bytes);
  return [...found.values()];
}

/**
 * Returns the offsets at which a block of `length` bytes may begin: in a row from the beginning of
 * each message, `limit` at most, and at the end of each.
 */
export function blockOffsets(view: View, length: number, limit: number): number[] {
  const offsets = new Set<number>();
  for (const { at, bytes } of units(view.bytes, view.starts.slice(0, MAX_MESSAGES))) {
    for (let from = 0; from + length <= bytes.length && offsets.size < limit; from += length)
      offsets.add(at + from);
    if (bytes.length > length) offsets.add(at + bytes.length - length);
  }
  return [...offsets];
}

function split(bytes: Bytes, header: Header): Segment[] | undefined {
  const text = () => latin1(bytes);
  const frames: Segment[] = [];
  let at = 0;
  while (at < bytes.length) {
    const next = header(bytes, at, text);
    if (!next || at + next.header + next.length > bytes.length || frames.length >= MAX_FRAMES)
      return undefined;
    const from = at + next.header;
    const payload = bytes.subarray(from, from + next.length);
    if (next.length > 0)
      frames.push({ bytes: payload, from, span: next.length, encode: (changed) => concat([changed]) });
    at = from + next.length;
  }
  return frames.length > 0 ? frames : undefined;
}

function binary(width: number, read: (view: DataView, at: number) => number): Header {
  return (bytes, at) => {
    if (at + width > bytes.length) return undefined;
    return { header: width, length: read(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at) };
  };
}

/** Returns the likely width of a padded header. */
function paddedWidth(seen: number): number {
  return [4, 8, 10, 16, 20, 32, 64, 100, 128].find((width) => width >= seen) ?? seen;
}
