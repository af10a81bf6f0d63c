/** Keys are long enough, as old as the task says, and private ones stay private. */
import { relative } from "node:path";
import { isPrivate } from "../../../lib/files/small-file.ts";
import { describePlace } from "../crack/capture/capture.ts";
import type { FoundKey, RsaKey } from "../crack/keys/found-key.ts";
import { findPrivateKeys } from "../crack/keys/private-keys.ts";
import type { PrivateNumbers } from "../crack/rsa/own-keys.ts";
import { rewrap } from "../crack/rsa/swap-keys.ts";
import { captureViews, publicKeysOf, type SeenKey } from "../exchange/public-keys.ts";
import { diagramOf } from "../exchange/sequence-diagram.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import { attempts } from "../model/attempt.ts";
import { DIRECTIONS } from "../model/direction.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Finding } from "../model/report.ts";
import { Found } from "../model/verdict-errors.ts";
import { bytesSent } from "../wire/turns.ts";
import type { Check } from "./check.ts";
import { eavesdrop } from "./shared/eavesdropping.ts";
import { privateFiles } from "./shared/private-keys.ts";

const MIN_BITS = 2048;
/** Bits by which a random number may fall short of its length. */
const NEARLY = 16;
const MIN_EXPONENT = 65_537n;
/** Private keys of the submission that are tried on the capture. */
const MAX_TRIED = 20;
const SIDES = ["client", "server"] as const;

const HINT_SIZE =
  "Make RSA keys of 2048 bits or more with the exponent 65537. Let a library make them, not your own code.";

export function keys(points: number, age: "new in each run" | "kept" | "either"): Check {
  return {
    id: "keys",
    title:
      age === "new in each run"
        ? "Keys are long enough, new in each run, and private ones stay private"
        : "Keys are long enough, and private ones stay private",
    points,
    needs: ["message"],
    async run(exchanges) {
      const { first } = await exchanges.baseline();
      const again = await exchanges.sameTexts();
      requireLength(first, again);
      const { proofs, runs } = await eavesdrop(exchanges);
      const weak = proofs.find(({ kind }) => kind === "weak key");
      if (weak) {
        throw found(first, {
          expected: "keys that cannot be computed from what passes",
          happened: `an eavesdropper computed the key: ${weak.how}`,
          why: "A key that can be computed is not secret.",
          hint: HINT_SIZE,
        });
      }
      // some numbers are known to be a key only by what they decrypt, or which signatures they
      // verify
      for (const { rsa, cipher } of proofs) if (rsa) requireLongKey(first, rsa, cipher);
      requireNoPrivateKey(first);
      const known = proofs.find(({ kind }) => kind === "key in the source" || kind === "key on the wire");
      if (known) {
        throw found(first, {
          expected: "secret keys are made for each session, and only the two programs know them",
          happened: `${known.cipher}: ${known.how}`,
          why: "A key that others have hides nothing from them.",
          hint: "Make secret keys when the program runs. Never send them in plaintext, and never ship them.",
        });
      }
      if (age === "new in each run") requireNew(first, again);
      requireNotShipped(exchanges, [first, again]);
      if (age !== "new in each run") requirePrivateFiles(exchanges, first);
      const seen = SIDES.flatMap((side) => publicKeysOf(first, side));
      return [
        ...attempts("public key", "sound", seen.length),
        // secret keys are searched for with everything that may be one
        ...attempts("recorded session", "found nothing", seen.length === 0 ? runs.length : 0),
      ];
    },
  };
}

function requireLength(outcome: Outcome, again: Outcome): void {
  for (const side of SIDES) {
    const keysAgain = publicKeysOf(again, side);
    for (const { key } of publicKeysOf(outcome, side)) {
      if (!("modulus" in key) || isByChance(key, keysAgain)) continue;
      const places = key.where.map(describePlace).join("; ");
      requireLongKey(outcome, key, `sent by the ${side}: ${key.form}; ${places}`);
    }
  }
}

/**
 * Two adjacent numbers may look like a key by chance. Then they do not do so in each run, or they
 * are just short of the usual size.
 */
function isByChance({ form, bits }: RsaKey & FoundKey, again: readonly SeenKey[]): boolean {
  if (!/ numbers/.test(form)) return false;
  const isSimilar = ({ key }: SeenKey) =>
    "modulus" in key && key.form === form && Math.abs(key.bits - bits) < NEARLY;
  return bits > MIN_BITS - NEARLY || !again.some(isSimilar);
}

function requireLongKey(
  outcome: Outcome,
  { bits, exponent }: { bits: number; exponent: bigint },
  where: string,
): void {
  if (bits < MIN_BITS) {
    throw found(outcome, {
      expected: `RSA keys have ${MIN_BITS} bits or more`,
      happened: `one has ${bits} bits (${where})`,
      why: "Keys of 829 bits have been factored in public. Keys of 512 bits take a few hours and little money.",
      hint: HINT_SIZE,
    });
  }
  if (exponent < MIN_EXPONENT) {
    throw found(outcome, {
      expected: "RSA keys have the public exponent 65537",
      happened: `one has the exponent ${exponent} (${where})`,
      why: "With a small exponent, anyone can decrypt an unpadded message by taking a root, and mistakes in the padding are fatal.",
      hint: HINT_SIZE,
    });
  }
}

function requireNoPrivateKey(outcome: Outcome): void {
  for (const views of captureViews(outcome)) {
    const [key] = findPrivateKeys(views);
    if (!key || key.encrypted) continue;
    throw found(outcome, {
      expected: "private keys never leave their owner",
      happened: `a private key was sent in plaintext (${key.form}; ${key.where.map(describePlace).join("; ")})`,
      why: "Anyone who has the private key can read everything, and sign as its owner.",
      hint: "Send public keys only.",
    });
  }
}

function requireNew(first: Outcome, again: Outcome): void {
  for (const side of SIDES) {
    const before = new Set(publicKeysOf(first, side).map(({ id }) => id));
    const same = publicKeysOf(again, side).find(({ id }) => before.has(id));
    if (!same) continue;
    throw found(again, {
      expected: "each run makes new keys",
      happened: `the ${side} sent the same ${same.key.algorithm} key in two runs, each from a fresh copy of the submission`,
      why: "Everyone who has the program knows a key that comes with it.",
      hint: "Generate the key pair when the program starts.",
    });
  }
}

/** No private key of the submission belongs to a public key in use. */
function requireNotShipped({ prepared }: SharedExchanges, outcomes: readonly [Outcome, Outcome]): void {
  const [first] = outcomes;
  const used = new Set(
    outcomes.flatMap((outcome) => SIDES.flatMap((side) => publicKeysOf(outcome, side).map(({ id }) => id))),
  );
  const file = privateFiles(prepared.source)
    .slice(0, MAX_TRIED)
    .find(({ id, numbers }) => id !== undefined && (used.has(id) || (numbers && opens(first, numbers))));
  if (!file) return;
  throw found(first, {
    expected: "private keys are made where they are used, and stay there",
    happened: `${relative(prepared.source, file.path)}, which comes with the submission, is the private half of a key in use`,
    why: "Anyone who can read the repository can read the messages.",
    hint: "Make the keys at the first start, and keep them out of version control (.gitignore).",
  });
}

/** Says whether `key` decrypts something that passed, with valid padding. */
function opens(outcome: Outcome, key: PrivateNumbers): boolean {
  return DIRECTIONS.some((direction) =>
    rewrap(bytesSent(outcome.turns, direction), key, key).rewrapped.some(({ padding }) =>
      padding.startsWith("OAEP"),
    ),
  );
}

/** The programs give no other user access to the private keys that they write. */
function requirePrivateFiles({ prepared }: SharedExchanges, first: Outcome): void {
  const shipped = new Set(privateFiles(prepared.source).map(({ path }) => relative(prepared.source, path)));
  for (const side of SIDES) {
    const folder = first.session.folderOf(side);
    if (folder === undefined) continue;
    const open = privateFiles(folder).find(
      ({ path, mode }) => !isPrivate(mode) && !shipped.has(relative(folder, path)),
    );
    if (!open) continue;
    const mode = (open.mode & 0o777).toString(8);
    throw found(first, {
      expected: "only its owner can read a private key",
      happened: `the ${side} wrote ${relative(folder, open.path)} with mode ${mode}`,
      why: "Anyone with an account on the machine can read the key and impersonate its owner.",
      hint: "Create the file with mode 600.",
    });
  }
}

function found(outcome: Outcome, finding: Omit<Finding, "evidence">): Found {
  return new Found({
    ...finding,
    evidence: [{ caption: "The exchange", diagram: diagramOf(outcome, "The exchange") }],
  });
}
