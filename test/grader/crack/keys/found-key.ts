/** A public key that was found, and how to describe where. */
import type { Side } from "../../model/direction.ts";
import { bitLength } from "../arithmetic/modular.ts";
import type { Place, Stream } from "../capture/capture.ts";
import { latin1, placesIn, type View } from "../capture/view.ts";
import type { Field } from "../decode/numbers.ts";

export interface RsaKey {
  algorithm: "RSA";
  modulus: bigint;
  exponent: bigint;
  /** Bits of the modulus. */
  bits: number;
  fields: { modulus: Field; exponent: Field };
}

export interface CurveKey {
  /** `EC P-256`, `X25519`, `Ed25519`, or `DSA` and `DH`, whose `bits` are unknown. */
  algorithm: string;
  bits: number | undefined;
  /** The bytes that differ between keys. */
  point: { view: View; offset: number; length: number };
}

export type FoundKey = (RsaKey | CurveKey) & {
  /** `PEM "PUBLIC KEY"`, `DER, PKCS #1`, `decimal numbers in base64`... */
  form: string;
  /** False for a pair of small numbers, which is a key only if it decrypts something. */
  certain: boolean;
  /** How many other numbers are near: few around a key, many in a ciphertext. */
  crowd?: number;
  /** The sender; undefined for a file. */
  side: Side | undefined;
  where: Place[];
};

export function rsaKey(modulus: Field, exponent: Field): RsaKey {
  return {
    algorithm: "RSA",
    modulus: modulus.value,
    exponent: exponent.value,
    bits: bitLength(modulus.value),
    fields: { modulus, exponent },
  };
}

/** Returns the sender of the bytes at `where`. */
export function sideOf(where: readonly Place[]): Side | undefined {
  const [place] = where;
  if (!place || "file" in place) return undefined;
  return place.direction === "client to server" ? "client" : "server";
}

/** Describes the form of a key, by its PEM label if it has one. */
export function formOf(view: View, offset: number, form: string): string {
  if (view.steps.at(-1)?.startsWith("base64") && view.decoded) {
    const [place] = placesIn(view, offset, 1);
    const before = latin1(view.stream.bytes.subarray(0, streamOffset(view.stream, place)));
    const label = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*$/.exec(before.slice(-6000));
    if (label) return [`PEM "${label[1]}"`, ...view.steps.slice(0, -1)].join(" in ");
  }
  return [form, ...view.steps].join(" in ");
}

function streamOffset(stream: Stream, place: Place | undefined): number {
  const part = stream.parts.find(({ place: other }) => place && isWithin(place, other));
  return part && place ? part.at + place.offset - part.place.offset : 0;
}

function isWithin(inner: Place, outer: Place): boolean {
  if ("file" in inner || "file" in outer)
    return "file" in inner && "file" in outer && inner.file === outer.file;
  const isSame = inner.connection === outer.connection && inner.direction === outer.direction;
  return isSame && inner.offset >= outer.offset && inner.offset < outer.offset + outer.length;
}
