/** Encrypts another text with an RSA public key, block by block where the text was. */
import { type Bytes, concat, decodeUtf8, encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { bitLength, fromBytes, toBytes } from "../arithmetic/modular.ts";
import { indexOf, type Rewritten } from "../capture/proof.ts";
import { replaceNumber } from "../decode/numbers.ts";
import { otherText, replaceHashes, replaceText } from "../decode/replace-text.ts";
import type { Ciphertext } from "./ciphertexts.ts";
import { type PublicNumbers, sealBlock } from "./own-keys.ts";
import { PADDINGS, unpad } from "./padding.ts";
import type { Opened } from "./plaintexts.ts";

const SHIFTS = 25;

/** Returns the stream in which the blocks that spell `text` spell another one. */
export function encryptOther(
  opened: readonly Opened[],
  text: string,
  key: PublicNumbers,
): Rewritten | undefined {
  const before = concat(opened.map(({ bytes }) => bytes));
  const view = opened[0]?.from.view;
  // in decimal, the ciphertext of one text may be shorter than that of another
  const ways = Array.from({ length: SHIFTS }, (_, index) => {
    const other = otherText(text, index + 1);
    const after = replaceText(before, text, other);
    return after ? [{ other, blocks: encrypted(opened, after, key) }] : [];
  }).flat();
  const whole = ways.find(({ blocks }) => blocks.every(isAsLong));
  const mixed = opened.map((_, index) => ways.map(({ blocks }) => blocks[index]).find(isAsLong));
  const blocks = whole?.blocks ?? mixed;
  const at = indexOf(before, encodeUtf8(text));
  const after = concat(opened.map(({ bytes }, index) => blocks[index]?.bytes ?? bytes));
  const other =
    whole?.other ?? (at === -1 ? text : decodeUtf8(after.slice(at, at + encodeUtf8(text).length)));
  if (!view || other === text) return undefined;
  const isPatched = blocks.every((block) => !block || replaceNumber(block.from, block.value) !== undefined);
  return isPatched
    ? { stream: view.stream, bytes: replaceHashes(view.stream.bytes, text, other), text: other }
    : undefined;
}

interface Block {
  from: Ciphertext;
  bytes: Bytes;
  value: bigint;
}

/** Encrypts the blocks of `after` with the padding that each had. */
function encrypted(opened: readonly Opened[], after: Bytes, key: PublicNumbers): Block[] {
  const length = Math.ceil(bitLength(key.modulus) / 8);
  let at = 0;
  return opened.map(({ message, bytes: { length: size }, from }) => {
    const bytes = after.slice(at, at + size);
    at += size;
    const padding = PADDINGS.find((each) => unpad(toBytes(message, length), each) !== undefined) ?? "none";
    return { from, bytes, value: fromBytes(sealBlock(key, { padding, plaintext: bytes })) };
  });
}

function isAsLong(block: Block | undefined): boolean {
  return block !== undefined && String(block.value).length === String(block.from.value).length;
}
