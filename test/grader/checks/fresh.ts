/** Checks that the same message never looks the same twice. */
import { toHex } from "../../../lib/bytes/bytes.ts";
import { describePlace } from "../crack/capture/capture.ts";
import { diagramOf } from "../exchange/sequence-diagram.ts";
import type { Turn } from "../model/turn.ts";
import { Found } from "../model/verdict-errors.ts";
import { isSamePlace } from "../wire/turns.ts";
import type { Check } from "./check.ts";
import { listen } from "./secret.ts";

/** Bytes that two ciphertexts do not share by chance, beside headers and padding. */
const MIN_SAME = 16;

const REASONS = {
  expected: "the same text, sent in two runs, gives different bytes",
  why: "An eavesdropper sees that the same thing was said again, and can have a whole book of what is said.",
  hint: "Use a new key for each session, and a cipher with a random nonce or padding (OAEP, GCM, Fernet).",
};

/** The turns that carry the texts are others in another run with the same texts. */
export function fresh(points: number): Check {
  return {
    id: "fresh",
    title: "The same message looks different each time",
    points,
    needs: ["message"],
    async run(exchanges) {
      const { first, turns } = await exchanges.baseline();
      const again = await exchanges.again();
      const {
        equal: [proof],
      } = await listen(exchanges);
      if (proof) {
        throw new Found({
          ...REASONS,
          happened: `${proof.recovered} passed in both runs with the same texts, and not in one with others`,
          evidence: [
            {
              caption: "How anyone can repeat it",
              quote: `${proof.how}\n${proof.where.map(describePlace).join("\n")}`,
            },
            { caption: "The first run", diagram: diagramOf(first, "First run") },
            { caption: "The second run, with the same texts", diagram: diagramOf(again, "Second run") },
          ],
        });
      }
      for (const [text, turn] of [
        [first.message, turns.message],
        [first.reply, turns.reply],
      ] as const) {
        const other = turn && again.turns.find((candidate) => isSamePlace(candidate, turn));
        if (!turn || !other || !isSame(turn, other)) continue;
        throw new Found({
          ...REASONS,
          happened: `the ${turn.bytes.length} bytes that carry ${JSON.stringify(text)} were the same in both runs`,
          evidence: [
            { caption: "The first run", diagram: diagramOf(first, "First run") },
            { caption: "The second run, with the same texts", diagram: diagramOf(again, "Second run") },
            {
              caption: "The bytes",
              dump: {
                label: `turn ${turn.ordinal} from ${turn.direction}, in both runs`,
                hex: toHex(turn.bytes.subarray(0, 256)),
                marked: [[0, Math.min(256, turn.bytes.length)]],
              },
            },
          ],
        });
      }
    },
  };
}

function isSame(a: Turn, b: Turn): boolean {
  return a.bytes.length >= MIN_SAME && toHex(a.bytes) === toHex(b.bytes);
}
