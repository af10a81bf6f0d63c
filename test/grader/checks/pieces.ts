/** The pieces in which TCP delivers the bytes make no difference. */
import { Reshaped } from "../attacks/reshape.ts";
import type { Check } from "./check.ts";
import { requireBothArrive } from "./shared/arrival.ts";

const SHAPES = {
  glue: "all writes of a turn arrived as one piece",
  split: "the bytes arrived one by one",
} as const;

export function pieces(points: number): Check {
  return {
    id: "pieces",
    title: "It does not matter how TCP cuts or joins what is sent",
    points,
    needs: ["message"],
    showsLife: true,
    isFunctional: true,
    async run(exchanges) {
      const arrived = await Promise.all(
        (["glue", "split"] as const).map((shape) =>
          requireBothArrive(exchanges, {
            run: () =>
              exchanges.run(() => ({ title: SHAPES[shape], tap: new Reshaped(shape), patient: true })),
            control: () => exchanges.run({ title: "pieces as they were sent", patient: true }),
            reasons: {
              why: `TCP keeps the order of bytes, and nothing else; here ${SHAPES[shape]}. That is rare on a loopback interface, and common on a real network.`,
              hint: "Send the length before each message, and read until that many bytes have arrived.",
            },
          }),
        ),
      );
      return arrived.flat();
    },
  };
}
