/** A stranger connects to the second port instead of the client that it was opened for. */
import { type Bytes, encodeUtf8 } from "../../../../lib/bytes/bytes.ts";
import { outputOf } from "../../exchange/evidence.ts";
import { count } from "../../exchange/output-patterns.ts";
import { diagramOf } from "../../exchange/sequence-diagram.ts";
import type { SharedExchanges } from "../../exchange/shared-exchanges.ts";
import { type Attempt, attempts } from "../../model/attempt.ts";
import { Found } from "../../model/verdict-errors.ts";
import { piecesOf } from "../../wire/turns.ts";

/** Seconds between the stranger's bytes and the end of the stream. */
const PAUSE = 0.2;

interface Intrusion {
  main: number;
  pieces: Bytes[];
  text: string;
  what: string;
}

/**
 * Takes the place of a client whose message goes to a second port.
 *
 * @throws Found when the server accepts what the stranger sends
 */
export async function intrudeAtSecondPort(exchanges: SharedExchanges): Promise<Attempt[]> {
  const { first, turns } = await exchanges.baseline();
  const target = turns.message;
  const ports = new Map(
    first.events.flatMap((event) =>
      event.type === "connect" && event.client === first.client.number
        ? [[event.connection, event.port] as const]
        : [],
    ),
  );
  const [main] = ports.values();
  if (!target || main === undefined || ports.get(target.connection) === main) return [];
  const recorded = first.turns.filter(
    ({ connection, direction }) => connection === target.connection && direction === "client to server",
  );
  const own = exchanges.text("the stranger's message");
  const tried = await Promise.all([
    intrude(exchanges, { main, pieces: [encodeUtf8(own)], text: own, what: "a text in plaintext" }),
    intrude(exchanges, {
      main,
      pieces: recorded.flatMap(piecesOf),
      text: first.message,
      what: "the bytes that another client had sent there in an earlier session",
    }),
  ]);
  return tried.flat();
}

async function intrude(
  exchanges: SharedExchanges,
  { main, pieces, text, what }: Intrusion,
): Promise<Attempt[]> {
  let hasIntruded = false;
  const title = `a stranger at the second port, with ${what}`;
  const outcome = await exchanges.run(() => {
    let open = (_port: number | undefined) => {};
    const opened = new Promise<number | undefined>((resolve) => {
      open = resolve;
    });
    return {
      title,
      // the server never sees the client's connection to the second port
      tap: {
        onConnect: ({ port }) => {
          if (port === main) return "relay";
          open(port);
          return "play";
        },
      },
      during: async (session, client) => {
        void client.ending.then(() => open(undefined));
        const port = await opened;
        const dialled = port === undefined ? undefined : await session.dial(port).catch(() => undefined);
        if (!dialled) return;
        hasIntruded = true;
        for (const piece of pieces) dialled.write(piece);
        await dialled.closed(PAUSE);
        dialled.end();
      },
    };
  });
  if (!hasIntruded) return [];
  if (count(outcome.printed.server, text) === 0) return attempts("stranger", "refused");
  throw new Found({
    expected: "the server accepts data on a second port only from the client that the port was opened for",
    happened: `a stranger connected there with ${what}, and the server accepted it as the client's`,
    why: "Anyone who sees that a port was opened, or guesses it, can connect before its owner.",
    hint: "Derive a key for the second connection from the first one, and accept only what is authenticated with it.",
    evidence: [
      { caption: "The exchange", diagram: diagramOf(outcome, title, { bad: [text] }) },
      outputOf(outcome, "client"),
      outputOf(outcome, "server"),
    ],
  });
}
