/** The same texts give different bytes in each run. */
import { toHex } from "../../../lib/bytes/bytes.ts";
import { describePlace } from "../crack/capture/capture.ts";
import { diagramOf } from "../exchange/sequence-diagram.ts";
import { attempts } from "../model/attempt.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Evidence } from "../model/report.ts";
import type { Turn } from "../model/turn.ts";
import { Found } from "../model/verdict-errors.ts";
import { isSamePlace } from "../wire/turns.ts";
import type { Check } from "./check.ts";
import { eavesdrop } from "./shared/eavesdropping.ts";

/** Bytes; shorter turns may be equal by chance, with their headers and padding. */
const MIN_SAME = 16;
const MAX_SHOWN = 256;

export function fresh(points: number): Check {
  return {
    id: "fresh",
    title: "The same message looks different each time",
    points,
    needs: ["message"],
    async run(exchanges) {
      const { first, turns } = await exchanges.baseline();
      const again = await exchanges.sameTexts();
      const [proof] = (await eavesdrop(exchanges)).equal;
      if (proof) {
        const places = proof.where.map(describePlace).join("\n");
        throw found(
          `${proof.recovered} passed in both runs with the same texts, but not in a run with other texts`,
          [{ caption: "How to reproduce it", quote: `${proof.how}\n${places}` }, ...bothRuns(first, again)],
        );
      }
      let compared = 0;
      for (const [text, turn] of [
        [first.message, turns.message],
        [first.reply, turns.reply],
      ] as const) {
        const other = turn && again.turns.find((candidate) => isSamePlace(candidate, turn));
        if (!turn || !other) continue;
        compared += 1;
        if (!isSame(turn, other)) continue;
        throw found(
          `the ${turn.bytes.length} bytes that carry ${JSON.stringify(text)} were the same in both runs`,
          [...bothRuns(first, again), dumpOf(turn)],
        );
      }
      return attempts("turn", "different", compared);
    },
  };
}

function isSame(a: Turn, b: Turn): boolean {
  return a.bytes.length >= MIN_SAME && toHex(a.bytes) === toHex(b.bytes);
}

function found(happened: string, evidence: Evidence[]): Found {
  return new Found({
    expected: "the same text gives different bytes in each run",
    happened,
    why: "An eavesdropper sees that the same thing was said again, and can collect what each ciphertext means.",
    hint: "Use a new key for each session, and a cipher with a random nonce or padding (OAEP, GCM, Fernet).",
    evidence,
  });
}

function bothRuns(first: Outcome, again: Outcome): Evidence[] {
  return [
    { caption: "The first run", diagram: diagramOf(first, "First run") },
    { caption: "The second run, with the same texts", diagram: diagramOf(again, "Second run") },
  ];
}

function dumpOf({ bytes, ordinal, direction }: Turn): Evidence {
  return {
    caption: "The bytes",
    dump: {
      label: `turn ${ordinal} from ${direction}, in both runs`,
      hex: toHex(bytes.subarray(0, MAX_SHOWN)),
      marked: [[0, Math.min(MAX_SHOWN, bytes.length)]],
    },
  };
}
