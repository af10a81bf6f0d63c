/** A stranger at a second port, in the place of the client who was told of it: what he sends there is not the client's. */
import { type Bytes, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { count } from "../exchange/output-patterns.ts";
import { diagramOf } from "../exchange/sequence-diagram.ts";
import type { SharedExchanges } from "../exchange/shared-exchanges.ts";
import { Found } from "../model/verdict-errors.ts";
import { evidenceOf } from "./works.ts";

/** Milliseconds between what is recorded and the end. */
const PAUSE = 200;

/**
 * Answers for a client whose message goes to a second port; returns whether there is one.
 *
 * @throws Found when what he sends is taken for the client's
 */
export async function rivalAtSecondPort(exchanges: SharedExchanges): Promise<boolean> {
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
  if (!target || main === undefined || ports.get(target.connection) === main) return false;
  const recorded = first.turns.filter(
    ({ connection, direction }) => connection === target.connection && direction === "client to server",
  );
  const own = exchanges.text("the stranger's message");
  await Promise.all([
    standIn(exchanges, { main, pieces: [encodeUtf8(own)], text: own, what: "a text in clear" }),
    standIn(exchanges, {
      main,
      pieces: recorded.map(({ bytes }) => bytes),
      text: first.message,
      what: "what another client had sent there in an earlier session",
    }),
  ]);
  return true;
}

interface StandIn {
  main: number;
  pieces: Bytes[];
  text: string;
  what: string;
}

async function standIn(exchanges: SharedExchanges, { main, pieces, text, what }: StandIn): Promise<void> {
  let come = (_port: number | undefined) => {};
  const called = new Promise<number | undefined>((resolve) => {
    come = resolve;
  });
  const title = `a stranger at the second port, with ${what}`;
  const outcome = await exchanges.run({
    title,
    // the client meets nobody there
    tap: {
      onConnect: ({ port }) => {
        if (port === main) return "relay";
        come(port);
        return "play";
      },
    },
    during: async (session, client) => {
      void client.ending.then(() => come(undefined));
      const port = await called;
      const dialled = port === undefined ? undefined : await session.dial(port).catch(() => undefined);
      if (!dialled) return;
      for (const piece of pieces) dialled.write(piece);
      await dialled.closed(PAUSE / 1000);
      dialled.end();
    },
  });
  if (count(outcome.printed.server, text) === 0) return;
  throw new Found({
    expected: "what comes to a second port counts only if it is from the client who was told of it",
    happened: `a stranger came in its place with ${what}, and the server took it for the client's`,
    why: "Whoever sees that a port was opened, or guesses it, is there before its owner.",
    hint: "Derive a key for the second connection from the first one, and take nothing that is not authenticated with it.",
    evidence: [
      { caption: "The exchange", diagram: diagramOf(outcome, title, { bad: [text] }) },
      ...evidenceOf(outcome).slice(1),
    ],
  });
}
