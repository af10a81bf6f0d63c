/** Texts that fill many packets arrive whole. */
import type { Check } from "./check.ts";
import { requireBothArrive } from "./shared/arrival.ts";

/** @param length characters of the texts, as in `Task.longText` */
export function long(points: number, length: number): Check {
  return {
    id: "long",
    title: `Texts of ${length.toLocaleString("en")} characters arrive whole`,
    points,
    needs: ["message"],
    showsLife: true,
    isFunctional: true,
    async run(exchanges) {
      exchanges.requireFreeTexts();
      const run = async (attempt: number) => {
        const shared = await exchanges.longTexts();
        if (attempt === 1) return shared;
        const { message, reply } = shared;
        return exchanges.runInNewSession({ title: "long texts, again", message, reply, patient: true });
      };
      return requireBothArrive(exchanges, run, {
        why: "TCP delivers a stream, in pieces of its own choosing. One read rarely returns one whole message.",
        hint: "Send the length before each message, and read until that many bytes have arrived.",
      });
    },
  };
}
