/** Base64, hexadecimal, base32 and base85, wherever they stand in a text. */
import { Buffer } from "node:buffer";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { asBytes } from "../capture/proof.ts";
import type { Segment } from "../capture/view.ts";
import { decodeBase85 } from "./base85.ts";

export function base64(text: string, skip: number): Segment[] {
  const found = [...text.matchAll(/[A-Za-z0-9+/_-]{2,}={1,2}|[A-Za-z0-9+/_-]{4,}/g)];
  const isUrl = found.some(([token]) => token.length >= 20 && /[-_]/.test(token) && !/[+/]/.test(token));
  return found.flatMap((match) => {
    if (skip > 0 && match[0].length < 24) return [];
    const token = match[0].slice(skip);
    const alphabet = /[-_]/.test(token) || (isUrl && !/[+/]/.test(token)) ? "base64url" : "base64";
    const encode = (changed: Bytes) => {
      const encoded = Buffer.from(changed).toString(alphabet).replace(/=+$/, "");
      return asBytes(Buffer.from(encoded.padEnd(token.length, "=")));
    };
    return [
      { bytes: asBytes(Buffer.from(token, "base64")), from: match.index + skip, span: token.length, encode },
    ];
  });
}

export function hexadecimal(text: string): Segment[] {
  const segments: Segment[] = [];
  const pattern =
    /(?<![g-zG-Z])[0-9a-fA-F]{16,}(?![g-zG-Z])|(?<![0-9a-zA-Z])[0-9a-fA-F]{8,}(?![0-9a-zA-Z])|(?:(?:0x|\\x)?[0-9a-fA-F]{2}[ :,\r\n-]{1,2}){3,}(?:0x|\\x)?[0-9a-fA-F]{2}/g;
  for (const match of text.matchAll(pattern)) {
    const digits = match[0].replace(/0x|\\x|[^0-9a-fA-F]/g, "");
    const isPlain = digits.length === match[0].length;
    const isUpper = /[A-F]/.test(digits);
    const encode = (changed: Bytes) => {
      const hex = Buffer.from(changed).toString("hex");
      const odd = digits.length % 2 === 1 ? digits.slice(-1) : "";
      return isPlain ? asBytes(Buffer.from((isUpper ? hex.toUpperCase() : hex) + odd)) : undefined;
    };
    const span = match[0].length;
    segments.push({ bytes: asBytes(Buffer.from(digits, "hex")), from: match.index, span, encode });
    if (digits.length % 2 === 1 && isPlain) {
      const bytes = asBytes(Buffer.from(digits.slice(1), "hex"));
      segments.push({ bytes, from: match.index + 1, span: span - 1 });
    }
  }
  return segments;
}

export function base32(text: string): Segment[] {
  return [...text.matchAll(/[A-Z2-7]{16,}=*/g)].map((match) => {
    const bytes: number[] = [];
    let bits = 0;
    let value = 0;
    for (const character of match[0].replace(/=+$/, "")) {
      value = ((value << 5) | "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(character)) & 0xfff;
      bits += 5;
      if (bits >= 8) {
        bits -= 8;
        bytes.push((value >> bits) & 255);
      }
    }
    return { bytes: Uint8Array.from(bytes), from: match.index, span: match[0].length };
  });
}

export function base85(text: string, alphabet: string): Segment[] {
  // Adobe's Ascii85 has frames of <~ and ~>
  return [...text.matchAll(/[!-~]{20,}/g)].flatMap((match) => {
    const framed = match[0].startsWith("<~");
    const token = framed ? match[0].slice(2).replace(/~>$/, "") : match[0];
    const bytes = decodeBase85(token, alphabet);
    return bytes ? [{ bytes, from: match.index + (framed ? 2 : 0), span: token.length }] : [];
  });
}
