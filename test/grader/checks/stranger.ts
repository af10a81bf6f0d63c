/** A client that is not on the allow list is refused. */
import { attempts } from "../model/attempt.ts";
import type { Check } from "./check.ts";
import { requireRefused, runProgram } from "./shared/other-client.ts";

export function stranger(points: number): Check {
  return {
    id: "stranger",
    title: "A client that is not on the list is refused",
    points,
    needs: ["message"],
    async run(exchanges) {
      requireRefused(await runProgram(exchanges, "stranger"), {
        expected: "a client whose key is not on the list is refused",
        hint: "Look the key up once the client has proved that it owns it, before you handle anything that it sends. Close the connection if the key is not listed.",
      });
      return attempts("stranger", "refused");
    },
  };
}
