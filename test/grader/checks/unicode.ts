/** Texts outside ASCII arrive as they were written. */
import { makeUnicodeText } from "../exchange/texts.ts";
import type { Check } from "./check.ts";
import { requireBothArrive } from "./shared/arrival.ts";

export function unicode(points: number): Check {
  return {
    id: "unicode",
    title: "Texts in any script arrive as they were written",
    points,
    needs: ["message"],
    showsLife: true,
    isFunctional: true,
    async run(exchanges) {
      exchanges.requireFreeTexts();
      const plan = {
        title: "any script",
        message: makeUnicodeText(exchanges.prepared, "message"),
        reply: makeUnicodeText(exchanges.prepared, "reply"),
        patient: true,
      };
      return requireBothArrive(exchanges, () => exchanges.runInNewSession(plan), {
        why: "People write in many scripts. UTF-8 takes one to four bytes for each character.",
        hint: "Encode to UTF-8 before you encrypt, decode after you decrypt, and count bytes, not characters.",
      });
    },
  };
}
