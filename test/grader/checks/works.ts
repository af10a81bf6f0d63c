/** Checks that the texts arrive: both ways, whatever they are written in, however long, and however TCP cuts them. */
import { Buffer } from "node:buffer";
import { Reshaped } from "../attacks/reshape.ts";
import { describeEnding, diagramOf } from "../exchange/sequence-diagram.ts";
import { notShown, type SharedExchanges } from "../exchange/shared-exchanges.ts";
import { makeUnicodeText } from "../exchange/texts.ts";
import type { Outcome } from "../model/outcome.ts";
import type { Evidence } from "../model/report.ts";
import { Found } from "../model/verdict-errors.ts";
import { fileNameFor } from "../run/stored-file-names.ts";
import { bytesSent } from "../wire/turns.ts";
import type { Check } from "./check.ts";

const MAX_QUOTE = 1500;

/** The client's text arrives at the server, and it came over the wire. */
export function message(points: number): Check {
  return {
    id: "message",
    title: "The client's message reaches the server",
    points,
    needs: [],
    async run(exchanges) {
      const { first } = await exchanges.baseline();
      requirePrinted(exchanges, first, "message");
      const length = bytesSent(first.turns, "client to server").length;
      if (2 * length >= Buffer.byteLength(first.message)) return;
      throw new Found({
        expected: "the message travels over the connection",
        happened: `the server ${showed(exchanges)} the message, but the client sent only ${length} bytes`,
        why: "A text that comes another way was not sent in secret: it was not sent.",
        hint: "Send the message over the TCP connection, and nothing but keys through files.",
        evidence: evidenceOf(first),
      });
    },
  };
}

/** The server's text arrives at the client. */
export function reply(points: number): Check {
  return {
    id: "reply",
    title: "The server's reply reaches the client",
    points,
    needs: ["message"],
    showsLife: true,
    async run(exchanges) {
      requirePrinted(exchanges, (await exchanges.baseline()).first, "reply");
    },
  };
}

/** Texts outside ASCII arrive as they were written. */
export function unicode(points: number): Check {
  return {
    id: "unicode",
    title: "Texts in any script arrive as they were written",
    points,
    needs: ["message"],
    showsLife: true,
    async run(exchanges) {
      requireFree(exchanges);
      const texts = {
        message: makeUnicodeText(exchanges.prepared, "message"),
        reply: makeUnicodeText(exchanges.prepared, "reply"),
      };
      await requireAsPlain(
        exchanges,
        twice(() => exchanges.run({ title: "any script", ...texts, patient: true })),
        {
          why: "People write in many scripts, and UTF-8 takes one to four bytes for a character.",
          hint: "Encode to UTF-8 before you encrypt, decode after, and count bytes, not characters.",
        },
      );
    },
  };
}

/** Texts of `length` characters arrive whole. */
export function long(points: number, length: number): Check {
  return {
    id: "long",
    title: `Texts of ${length.toLocaleString("en")} characters arrive whole`,
    points,
    needs: ["message"],
    showsLife: true,
    async run(exchanges) {
      requireFree(exchanges);
      await requireAsPlain(exchanges, [() => longRun(exchanges, length), () => runLong(exchanges, length)], {
        why: "TCP delivers a stream, in pieces of its own choosing: one read rarely returns one whole message.",
        hint: "Send the length before the message, and read until that many bytes have come.",
      });
    },
  };
}

/** It does not matter in what pieces TCP delivers. */
export function pieces(points: number): Check {
  return {
    id: "pieces",
    title: "It does not matter how TCP cuts or joins what is sent",
    points,
    needs: ["message"],
    showsLife: true,
    async run(exchanges) {
      const patterns = [
        { how: "each write came in one piece with the next", attack: () => new Reshaped("glue") },
        { how: "the bytes came one by one", attack: () => new Reshaped("split") },
      ];
      await Promise.all(
        patterns.map(async ({ how, attack }) =>
          requireAsPlain(
            exchanges,
            twice(() => exchanges.run({ title: how, tap: attack(), patient: true })),
            {
              why: `TCP keeps the order of bytes and nothing else; here ${how}. On a loopback interface this is rare, on a real network common.`,
              hint: "Send the length before each message, and read until that many bytes have come.",
            },
          ),
        ),
      );
    },
  };
}

/** What a program does with a text that it received, in one word. */
export function showed({ prepared }: SharedExchanges): "stored" | "printed" {
  return prepared.manifest.files ? "stored" : "printed";
}

/** The first exchange of long texts, for all who look at it. */
const longRuns = new WeakMap<SharedExchanges, Promise<Outcome>>();

export function longRun(exchanges: SharedExchanges, length: number): Promise<Outcome> {
  const known = longRuns.get(exchanges) ?? runLong(exchanges, length);
  longRuns.set(exchanges, known);
  return known;
}

function runLong(exchanges: SharedExchanges, length: number): Promise<Outcome> {
  const texts = {
    message: exchanges.text("long message", length),
    reply: exchanges.text("long reply", length),
  };
  return exchanges.run({ title: "long texts", ...texts, patient: true });
}

/** @throws NotShown where the texts stand in the source, so that no others can be sent */
function requireFree(exchanges: SharedExchanges): void {
  if (exchanges.fixedTexts) notShown("the texts are fixed in the source (texts in the manifest)");
}

/** Fails unless each text arrives that arrives in a plain exchange. */
async function requireAsPlain(
  exchanges: SharedExchanges,
  [first, second]: readonly [() => Promise<Outcome>, () => Promise<Outcome>],
  reasons: { why: string; hint: string },
): Promise<void> {
  const { times: usual } = (await exchanges.baseline()).first;
  let outcome = await first();
  const arrived = ({ times }: Outcome) =>
    (usual.message === 0 || times.message > 0) && (usual.reply === 0 || times.reply > 0);
  // once may be chance, such as a machine that is busy
  if (!arrived(outcome)) outcome = await second();
  if (usual.message > 0) requirePrinted(exchanges, outcome, "message", reasons);
  if (usual.reply > 0) requirePrinted(exchanges, outcome, "reply", reasons);
}

function twice<T>(run: T): readonly [T, T] {
  return [run, run];
}

function requirePrinted(
  exchanges: SharedExchanges,
  outcome: Outcome,
  which: "message" | "reply",
  reasons = {
    why: "Nothing else counts before the text arrives.",
    hint: exchanges.prepared.manifest.files
      ? "Run both programs by hand with the commands of the manifest: does the file stand where its field files says?"
      : "Run both programs by hand with the commands of the manifest: does the receiver print exactly the text?",
  },
): void {
  if (outcome.times[which] > 0) return;
  const [receiver, sender] =
    which === "message" ? (["server", "client"] as const) : (["client", "server"] as const);
  const [text, { files }] = [outcome[which], exchanges.prepared.manifest];
  throw new Found({
    expected: files
      ? `the ${receiver}'s folder has the ${sender}'s file ${fileNameFor(text)}, which says ${quote(text)}`
      : `the ${receiver} prints the ${sender}'s text, ${quote(text)}`,
    happened: `${files ? "it has not" : "it did not"}; ${describe(outcome)}`,
    ...reasons,
    ...(isEscaped(outcome.printed[receiver], text) && {
      hint: "The text is there, but as its bytes or code points are written in a source: decode what was decrypted as UTF-8, and print that, not its representation.",
    }),
    evidence: evidenceOf(outcome),
  });
}

/** Says whether a text that is not all ASCII stands in `output` as `\\xd0\\xbf` or `\\u043f`. */
export function isEscaped(output: string, text: string): boolean {
  const escapes = [
    Array.from(Buffer.from(text), (byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${hex(byte, 2)}`)),
    Array.from({ length: text.length }, (_, at) => text.charCodeAt(at)).map((unit) =>
      unit < 0x80 ? String.fromCharCode(unit) : `\\u${hex(unit, 4)}`,
    ),
  ].map((characters) => characters.join(""));
  return escapes.some((escaped) => escaped !== text && output.toLowerCase().includes(escaped.toLowerCase()));
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, "0");
}

function describe({ endings, unfinished }: Outcome): string {
  const states = (["client", "server"] as const).map((side) => {
    const ending = endings[side];
    return `the ${side} ${ending ? `ended with ${describeEnding(ending)}` : "was still running"}`;
  });
  return `${states.join(", ")}${unfinished ? "; the time was up" : ""}`;
}

/** What both printed, and the exchange. */
export function evidenceOf(outcome: Outcome, bad: string[] = []): Evidence[] {
  const outputs = (["client", "server"] as const).map((side) => ({
    caption: `What the ${side} printed`,
    quote: outcome.printed[side].trim().slice(0, MAX_QUOTE) || "(nothing)",
  }));
  return [{ caption: "The exchange", diagram: diagramOf(outcome, "The exchange", { bad }) }, ...outputs];
}

/** A text in quotes, as far as it is worth reading. */
export function quote(text: string): string {
  const observation = JSON.stringify(text.slice(0, 60));
  return text.length > 60 ? `${observation.slice(0, -1)}…" (${text.length} characters)` : observation;
}
