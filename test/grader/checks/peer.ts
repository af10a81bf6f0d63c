/** Each side refuses a peer with another key than the one that it has met before. */
import { evidenceOf, outputOf } from "../exchange/evidence.ts";
import { count } from "../exchange/output-patterns.ts";
import { publicKeysOf } from "../exchange/public-keys.ts";
import { diagramOf } from "../exchange/sequence-diagram.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import { type Attempt, attempts } from "../model/attempt.ts";
import type { Side } from "../model/direction.ts";
import type { Outcome } from "../model/outcome.ts";
import { Found, NotShown } from "../model/verdict-errors.ts";
import type { Check } from "./check.ts";
import { swapServerKeys } from "./peer/swapped-key.ts";
import { hasSameKeys, hasShippedKeys } from "./shared/private-keys.ts";

const WHY = "Anyone may answer first. A key that was never seen before does not prove who holds it.";
const OTHER_SERVER = "other-server";

/** @param options.clients servers must recognise their clients too */
export function peer(points: number, options: { clients?: boolean } = {}): Check {
  return {
    id: "peer",
    title: options.clients
      ? "Each side refuses a peer whose key has changed"
      : "The client refuses a server whose key has changed",
    points,
    needs: ["message"],
    async run(exchanges) {
      const tried = await Promise.all([
        tryOtherServer(exchanges),
        swapServerKeys(exchanges),
        ...(options.clients ? [tryOtherClient(exchanges)] : []),
      ]);
      return tried.flat();
    },
  };
}

async function tryOtherServer(exchanges: SharedExchanges): Promise<Attempt[]> {
  const { first } = await exchanges.baseline();
  const isInManifest = exchanges.prepared.manifest.programs[OTHER_SERVER] !== undefined;
  if (!isInManifest && hasShippedKeys(exchanges))
    throw new NotShown(
      `the server's key comes with the submission, and the manifest has no program "${OTHER_SERVER}" with another key`,
    );
  const outcome = await exchanges.runInNewSession({
    title: "another server",
    message: exchanges.text("to another server"),
    reply: exchanges.text("from another server"),
    ...(isInManifest ? { server: OTHER_SERVER } : { freshPrograms: ["server"], keepFolders: true }),
  });
  requireOtherKey(outcome, first, "server");
  if (!isInManifest && hasSameKeys(first, outcome, "server"))
    throw new NotShown(
      `a fresh copy of the server has the same key, made by prepare, and the manifest has no program "${OTHER_SERVER}" with another key`,
    );
  const hasMessage = count(outcome.printed.server, outcome.message) > 0;
  const hasReply = count(outcome.printed.client, outcome.reply) > 0;
  if (!hasMessage && !hasReply) return attempts("other server", "refused");
  throw new Found({
    expected: "a client that has met the server before refuses one with another key",
    happened: `a server with new keys took the place of the one that the client knew, and ${hasMessage ? "read the client's message" : "the client accepted its reply"}`,
    why: WHY,
    hint: "Store the server's public key at the first contact, compare it at each later one, and refuse a server whose key differs.",
    evidence: [
      {
        caption: "The client, with the files of its first run, and a server with new keys",
        diagram: diagramOf(outcome, "Another server", { bad: [outcome.message, outcome.reply] }),
      },
      outputOf(outcome, "client"),
      outputOf(outcome, "server"),
    ],
  });
}

async function tryOtherClient(exchanges: SharedExchanges): Promise<Attempt[]> {
  if (hasShippedKeys(exchanges)) return [];
  const { first } = await exchanges.baseline();
  const outcome = await exchanges.runInNewSession({
    title: "another client",
    message: exchanges.text("from another client"),
    freshPrograms: ["client"],
    keepFolders: true,
  });
  requireOtherKey(outcome, first, "client");
  // keys made by prepare: it is the same client
  if (hasSameKeys(first, outcome, "client")) return [];
  if (count(outcome.printed.server, outcome.message) === 0) return attempts("other client", "refused");
  throw new Found({
    expected: "a server that has met this client before refuses one of the same name with another key",
    happened:
      "a client with new keys took the place of the one that the server knew, and the server printed its message",
    why: WHY,
    hint: "Store each client's public key under its name, compare it when the client returns, and refuse a client whose key differs.",
    evidence: evidenceOf(outcome, [outcome.message]),
  });
}

/** @throws NotShown when the program showed a key that was known before */
function requireOtherKey(outcome: Outcome, first: Outcome, side: Side): void {
  const known = new Set(publicKeysOf(first, side).map(({ id }) => id));
  const keys = publicKeysOf(outcome, side);
  if (known.size > 0 && keys.length > 0 && keys.every(({ id }) => known.has(id)))
    throw new NotShown(`a fresh copy of the ${side} has the same key, so there is no other key to try`);
}
