/** The server's reply arrives. */
import { attempts } from "../model/attempt.ts";
import type { Check } from "./check.ts";
import { requireArrived } from "./shared/arrival.ts";

export function reply(points: number): Check {
  return {
    id: "reply",
    title: "The server's reply reaches the client",
    points,
    needs: ["message"],
    showsLife: true,
    isFunctional: true,
    async run(exchanges) {
      const { first } = await exchanges.baseline();
      requireArrived(exchanges, first, "reply");
      return attempts("text", "arrived");
    },
  };
}
