/** Checks that each side knows whom it has met before. */

import { count } from "../exchange/output-patterns.ts";
import { diagramOf } from "../exchange/sequence-diagram.ts";
import { notShown, type SharedExchanges } from "../exchange/shared-exchanges.ts";
import { Found } from "../model/verdict-errors.ts";
import type { Check } from "./check.ts";
import { hasSameKeys, hasShippedKeys, keysOf } from "./keys.ts";
import { swapServerKeys } from "./swap.ts";
import { evidenceOf } from "./works.ts";

const WHY =
  "Who answers first may be anybody: a key that was never seen before proves nothing about who holds it.";
const OTHER_SERVER = "other-server";

/** The keys are the same in the next run. */
export function persist(points: number): Check {
  return {
    id: "persist",
    title: "Keys are kept, and are the same in the next run",
    points,
    needs: ["message"],
    showsLife: true,
    async run(exchanges) {
      const { first } = await exchanges.baseline();
      const again = await exchanges.again();
      if (again.times.message === 0) {
        throw new Found({
          expected: "the same two programs talk again in the next run",
          happened: "in the second run the message did not arrive",
          why: WHY,
          hint: "Write the key pair to a file in the first run, and read it in the next.",
          evidence: evidenceOf(again),
        });
      }
      for (const side of ["client", "server"] as const) {
        const before = keysOf(first, side);
        const after = new Set(keysOf(again, side).map(({ id }) => id));
        if (before.length === 0 || before.some(({ id }) => after.has(id))) continue;
        throw new Found({
          expected: `the ${side} shows the same public key in the next run`,
          happened: `none of the ${before.length} keys that the ${side} sent in the first run came again`,
          why: WHY,
          hint: "Write the key pair to a file in the first run, and read it in the next.",
          evidence: [...evidenceOf(first), ...evidenceOf(again)],
        });
      }
    },
  };
}

/** A server with another key than the one that the client met gets nothing from it. */
export function peer(points: number, options: { clients?: boolean } = {}): Check {
  return {
    id: "peer",
    title: options.clients
      ? "Each side refuses a peer whose key has changed"
      : "The client refuses a server whose key has changed",
    points,
    needs: ["message"],
    async run(exchanges) {
      await Promise.all([
        otherServer(exchanges),
        swapServerKeys(exchanges),
        ...(options.clients ? [otherClient(exchanges)] : []),
      ]);
    },
  };
}

async function otherServer(exchanges: SharedExchanges): Promise<void> {
  const { first } = await exchanges.baseline();
  const named = exchanges.prepared.manifest.programs[OTHER_SERVER] !== undefined;
  if (!named && hasShippedKeys(exchanges))
    notShown(
      `the server's key comes with the submission; a program "${OTHER_SERVER}" with another one is missing`,
    );
  const texts = {
    message: exchanges.text("to whom it concerns"),
    reply: exchanges.text("from somebody else"),
  };
  const outcome = await exchanges.run({
    title: "another server",
    ...texts,
    folders: first.session,
    ...(named ? { server: OTHER_SERVER } : { fresh: ["server"], keep: true }),
  });
  requireOther(outcome, first, "server");
  if (!named && hasSameKeys(first, outcome, "server"))
    notShown(
      `a fresh copy of the server has the same key file, made by prepare; a program "${OTHER_SERVER}" with another one is missing`,
    );
  const leaked = count(outcome.printed.server, outcome.message) > 0;
  if (!leaked && count(outcome.printed.client, outcome.reply) === 0) return;
  throw new Found({
    expected: "a client that has met the server before refuses one with another key",
    happened: leaked
      ? "a server with new keys took the place of the one that the client knew, and read its message"
      : "a server with new keys took the place of the one that the client knew, and the client believed its reply",
    why: WHY,
    hint: "Store the server's public key at the first contact, compare it at each later one, and end when it differs.",
    evidence: [
      {
        caption: "The client, with the files of its first run, and a server with new keys",
        diagram: diagramOf(outcome, "Another server", { bad: [outcome.message, outcome.reply] }),
      },
      ...evidenceOf(outcome).slice(1),
    ],
  });
}

async function otherClient(exchanges: SharedExchanges): Promise<void> {
  if (hasShippedKeys(exchanges)) return;
  const { first } = await exchanges.baseline();
  const outcome = await exchanges.run({
    title: "another client",
    message: exchanges.text("from another client"),
    folders: first.session,
    fresh: ["client"],
    keep: true,
  });
  requireOther(outcome, first, "client");
  // made by prepare: it is the same client
  if (hasSameKeys(first, outcome, "client")) return;
  if (count(outcome.printed.server, outcome.message) === 0) return;
  throw new Found({
    expected: "a server that has met this client before refuses one of the same name with another key",
    happened:
      "a client with new keys took the place of the one that the server knew, and its message was printed",
    why: WHY,
    hint: "Store each client's public key under its name, compare it when it comes again, and refuse it when it differs.",
    evidence: evidenceOf(outcome, [outcome.message]),
  });
}

/** @throws NotShown where the other one showed a key that was known already */
function requireOther(
  outcome: Parameters<typeof keysOf>[0],
  first: Parameters<typeof keysOf>[0],
  side: "client" | "server",
): void {
  const known = new Set(keysOf(first, side).map(({ id }) => id));
  const observation = keysOf(outcome, side);
  if (known.size > 0 && observation.length > 0 && observation.every(({ id }) => known.has(id)))
    notShown(`a fresh copy of the ${side} has the same key, so there is no other one to try`);
}
