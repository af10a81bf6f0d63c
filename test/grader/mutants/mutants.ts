/**
 * The submissions of the selftest: broken ones, each with the checks that must kill it, and honest
 * ones, which must lose no point.
 *
 * README.md in this folder says how to add one.
 */
import { broken as programs } from "./broken.ts";
import { broken as edits01 } from "./edits/01.ts";
import { broken as edits02 } from "./edits/02.ts";
import { broken as edits03 } from "./edits/03.ts";
import { broken as edits04 } from "./edits/04.ts";
import { broken as edits05 } from "./edits/05.ts";
import { broken as edits05Tls } from "./edits/05-tls.ts";
import { broken as editsPart1 } from "./edits/part1.ts";
import { broken as editsPart2 } from "./edits/part2.ts";
import { broken as editsPart2Ciphers } from "./edits/part2-ciphers.ts";
import { honest as sound } from "./honest.ts";
import type { Honest, Mutant } from "./mutant.ts";

export const mutants: Mutant[] = [
  ...programs,
  ...editsPart1,
  ...editsPart2,
  ...editsPart2Ciphers,
  ...edits01,
  ...edits02,
  ...edits03,
  ...edits04,
  ...edits05,
  ...edits05Tls,
];
export const honest: Honest[] = sound;

/** A selection in which each check must kill one; it takes minutes, all submissions an hour. */
export const sample = [
  "honest-part1-text",
  "honest-part2-fernet",
  "honest-03-python",
  "part1-plaintext",
  "part1-pkcs1-v15",
  "part1-signature-own-key",
  "part1-signature-late",
  "part2-hidden-file",
  "edit-part2-own-words",
  "edit-part2-latin-1",
  "part2-no-framing",
  "part2-vigenere",
  "part2-ctr-no-mac",
  "part2-replay-new-connection",
  "part2-unpickle",
  "edit-part1-small-keys",
  "01-forgets-key",
  "01-pin-overwritten",
  "01-dh-unauthenticated",
  "02-dies-of-garbage",
  "edit-02-cryptography-inside",
  "03-list-not-read",
  "03-by-public-value",
  "03-only-first",
  "04-one-port",
  "04-port-in-clear",
  "04-port-kept",
  "05-names-in-clear",
  "05-jail-dotdot",
  "05-same-nonce",
  "edit-05-as-text",
  "edit-05-lists-too-little",
];
