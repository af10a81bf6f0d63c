/** Texts outside ASCII arrive as they were written. */
import { Buffer } from "node:buffer";
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
      const run = (title: string, make: (purpose: string) => string) =>
        exchanges.runInNewSession({
          title,
          message: make(`message, ${title}`),
          reply: make(`reply, ${title}`),
          patient: true,
        });
      return requireBothArrive(exchanges, {
        run: (attempt) =>
          run(`any script ${attempt}`, (purpose) => makeUnicodeText(exchanges.prepared, purpose)),
        control: (attempt) =>
          run(`ASCII ${attempt}`, (purpose) => {
            const { length } = Buffer.from(makeUnicodeText(exchanges.prepared, purpose));
            return exchanges.text(purpose, length);
          }),
        reasons: {
          why: "People write in many scripts. UTF-8 takes one to four bytes for each character.",
          hint: "Encode to UTF-8 before you encrypt, decode after you decrypt, and count bytes, not characters.",
        },
      });
    },
  };
}
