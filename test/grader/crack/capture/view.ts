/** Captured bytes after some decodings, with the way back to where they were captured. */
import { Buffer } from "node:buffer";
import { type Bytes, concat } from "../../../../lib/bytes/bytes.ts";
import { type Place, placesOf, type Stream } from "./capture.ts";

/** A stretch of a view, and the range of the parent that it was decoded from. */
export interface Segment {
  bytes: Bytes;
  /** The offset and the length of the encoding in the parent. */
  from: number;
  span: number;
  /** Encodes other bytes in the same way; returns undefined if that is impossible. */
  encode?: (bytes: Bytes) => Bytes | undefined;
}

export interface View {
  bytes: Bytes;
  /** The decodings in the order in which they were applied: `base64`, `hexadecimal`. */
  steps: string[];
  /** An unlikely decoding, on which only cheap attacks are tried. */
  rare: boolean;
  stream: Stream;
  /** The offsets of messages, frames, lines or tokens, ascending. */
  starts: number[];
  /** Undefined for the captured bytes themselves. */
  decoded: { parent: View; segments: Segment[]; offsets: number[] } | undefined;
  /** For a view of every `step`-th byte of the parent, beginning at `phase`. */
  stride: { step: number; phase: number } | undefined;
}

export function rawView(stream: Stream): View {
  const { bytes, starts } = stream;
  return { bytes, steps: [], rare: false, stream, starts, decoded: undefined, stride: undefined };
}

/** Returns the concatenation of `segments`, or undefined if it is too short to be of use. */
export function decodedView(parent: View, step: string, segments: Segment[], rare = false): View | undefined {
  const offsets: number[] = [];
  let length = 0;
  for (const { bytes } of segments) {
    offsets.push(length);
    length += bytes.length;
  }
  if (length < 8) return undefined;
  return {
    bytes: concat(segments.map(({ bytes }) => bytes)),
    steps: [...parent.steps, step],
    rare: rare || parent.rare,
    stream: parent.stream,
    starts: offsets,
    decoded: { parent, segments, offsets },
    stride: undefined,
  };
}

/** Returns every `step`-th byte of `parent` from `phase` on. */
export function strideView(parent: View, step: number, phase: number): View {
  const bytes = new Uint8Array(Math.max(0, Math.ceil((parent.bytes.length - phase) / step)));
  for (let at = 0, from = phase; at < bytes.length; at++, from += step) bytes[at] = parent.bytes[from] ?? 0;
  return {
    bytes,
    steps: [...parent.steps, `one byte in ${step}`],
    rare: true,
    stream: parent.stream,
    starts: [0],
    decoded: { parent, segments: [], offsets: [] },
    stride: { step, phase },
  };
}

/** Returns where `length` bytes of `view` from `offset` on were captured. */
export function placesIn(view: View, offset: number, length: number): Place[] {
  if (!view.decoded || length === 0) return placesOf(view.stream, offset, length);
  const from = parentOffset(view, offset);
  const last = parentOffset(view, offset + length - 1, true);
  return placesIn(view.decoded.parent, from, Math.max(1, last - from));
}

/** Returns the offset in the parent where the encoding of the byte at `offset` begins or ends. */
function parentOffset(view: View, offset: number, end = false): number {
  if (view.stride) return view.stride.phase + offset * view.stride.step + (end ? 1 : 0);
  const { segments = [], offsets = [] } = view.decoded ?? {};
  const index = segmentAt(offsets, offset);
  const segment = segments[index];
  if (!segment) return 0;
  const within = offset - (offsets[index] ?? 0);
  const scaled = ((end ? within + 1 : within) * segment.span) / segment.bytes.length;
  return segment.from + (end ? Math.ceil(scaled) : Math.floor(scaled));
}

function segmentAt(offsets: number[], offset: number): number {
  let low = 0;
  let high = offsets.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((offsets[middle] ?? 0) <= offset) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * Overwrites the bytes of `view` at `offset` with `bytes`, in the encoding of the original.
 *
 * @returns the changed stream, or undefined if `bytes` cannot be encoded in the same way
 */
export function patch(view: View, offset: number, bytes: Bytes): Bytes | undefined {
  if (view.decoded) {
    if (view.stride) return undefined;
    const { parent, segments, offsets } = view.decoded;
    const index = segmentAt(offsets, offset);
    const segment = segments[index];
    const within = offset - (offsets[index] ?? 0);
    if (!segment?.encode) return undefined;
    const here = Math.min(bytes.length, segment.bytes.length - within);
    const changed = new Uint8Array(segment.bytes);
    changed.set(bytes.subarray(0, here), within);
    const encoded = segment.encode(changed);
    if (encoded?.length !== segment.span) return undefined;
    // the rest goes to the next segment: each line of a PEM is one
    segment.bytes = changed;
    const stream = patch(parent, segment.from, encoded);
    return stream && here < bytes.length ? patch(view, offset + here, bytes.subarray(here)) : stream;
  }
  if (offset + bytes.length > view.bytes.length) return undefined;
  view.bytes.set(bytes, offset);
  return view.bytes;
}

/** Overwrites the bytes of `view` that differ from `bytes`, which are as many; see `patch`. */
export function patchChanges(view: View, bytes: Bytes): Bytes | undefined {
  const isChanged = (byte: number, at: number) => byte !== view.bytes[at];
  const first = bytes.findIndex(isChanged);
  return first === -1
    ? undefined
    : patch(view, first, bytes.slice(first, bytes.findLastIndex(isChanged) + 1));
}

/** Returns how to begin a sentence about decoded bytes: `undo base64; then `, or nothing. */
export function undo(steps: readonly string[]): string {
  return steps.length > 0 ? `undo ${steps.join(", then ")}; then ` : "";
}

/** Returns the bytes as a string with one character per byte, for regular expressions. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
