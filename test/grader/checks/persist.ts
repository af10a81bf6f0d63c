/** The programs keep their keys from one run to the next. */
import { evidenceOf } from "../exchange/evidence.ts";
import { publicKeysOf } from "../exchange/public-keys.ts";
import { attempts } from "../model/attempt.ts";
import { Found } from "../model/verdict-errors.ts";
import type { Check } from "./check.ts";

const WHY = "A key that was never seen before does not prove who holds it.";
const HINT = "Write the key pair to a file in the first run, and read it in the next.";

export function persist(points: number): Check {
  return {
    id: "persist",
    title: "Keys are kept, and are the same in the next run",
    points,
    needs: ["message"],
    showsLife: true,
    async run(exchanges) {
      const { first } = await exchanges.baseline();
      const again = await exchanges.sameTexts();
      if (again.times.message === 0) {
        throw new Found({
          expected: "the same two programs communicate again in the next run",
          happened: "in the second run the message did not arrive",
          why: WHY,
          hint: HINT,
          evidence: evidenceOf(again),
        });
      }
      let kept = 0;
      for (const side of ["client", "server"] as const) {
        const before = publicKeysOf(first, side);
        const after = new Set(publicKeysOf(again, side).map(({ id }) => id));
        kept += before.filter(({ id }) => after.has(id)).length;
        if (before.length === 0 || before.some(({ id }) => after.has(id))) continue;
        throw new Found({
          expected: `the ${side} shows the same public key in the next run`,
          happened: `the ${side} sent ${before.length === 1 ? "a key" : `${before.length} keys`} in the first run, and none of them in the second`,
          why: WHY,
          hint: HINT,
          evidence: [...evidenceOf(first), ...evidenceOf(again)],
        });
      }
      return attempts("public key", "kept", kept);
    },
  };
}
