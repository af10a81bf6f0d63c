/** Checks what an eavesdropper can read. */
import { type Check, Found } from "../harness/check.ts";
import { captureOf, describePlace } from "../harness/crack/capture.ts";
import { eavesdrop } from "../harness/crack/eavesdrop.ts";
import { repeatedText } from "../harness/crack/equal-blocks.ts";
import type { Proof } from "../harness/crack/proof.ts";
import type { Outcome } from "../harness/exchange.ts";
import { ladderOf } from "../harness/ladder.ts";
import type { Trials } from "../harness/trials.ts";

const MAX_QUOTE = 300;

/** Neither text can be read from what passes, nor from files that both see. */
export function secret(points: number): Check {
  return {
    id: "secret",
    title: "An eavesdropper learns neither text",
    points,
    needs: ["message"],
    async run(trials) {
      const { proofs, runs } = await listen(trials);
      const [proof] = proofs;
      if (proof) throw found(proof, runs);
    },
  };
}

interface Heard {
  proofs: Proof[];
  runs: Outcome[];
}

const heard = new WeakMap<Trials, Promise<Heard>>();

/** What the eavesdropper can prove. */
export async function proofsOf(trials: Trials): Promise<Proof[]> {
  return (await listen(trials)).proofs;
}

function listen(trials: Trials): Promise<Heard> {
  const known = heard.get(trials) ?? listenOnce(trials);
  heard.set(trials, known);
  return known;
}

async function listenOnce(trials: Trials): Promise<Heard> {
  const { first } = await trials.plain();
  const runs = [first, await trials.again(), ...(await repeatedRun(trials))];
  const texts = [...new Set(runs.flatMap(({ message, reply }) => [message, reply]))];
  return {
    proofs: eavesdrop(
      runs.map(({ events }) => captureOf(events)),
      texts,
    ),
    runs,
  };
}

/** An exchange of texts whose blocks come again and again; none where such texts do not arrive. */
async function repeatedRun(trials: Trials): Promise<Outcome[]> {
  if (trials.fixedTexts) return [];
  const outcome = await trials.run({
    title: "texts that repeat themselves",
    message: repeatedText(trials.lab.random("repeated message", 16)),
    reply: repeatedText(trials.lab.random("repeated reply", 16)),
  });
  return outcome.times.message > 0 || outcome.times.reply > 0 ? [outcome] : [];
}

function found({ kind, cipher, key, recovered, where, how }: Proof, runs: readonly Outcome[]): Found {
  const run = runs[where[0]?.session ?? 0] ?? runs[0];
  return new Found({
    expected: "nothing that passes gives a text away",
    happened: `an eavesdropper reads ${JSON.stringify(recovered.slice(0, MAX_QUOTE))}: ${kind}, ${cipher}`,
    why: "Whoever sits anywhere on the way reads along, and nobody notices.",
    hint:
      HINTS[kind] ??
      "Use AES-GCM, ChaCha20-Poly1305 or Fernet with a new random key, and RSA-OAEP of 2048 bits or more to send that key.",
    evidence: [
      {
        caption: "How anyone can repeat it",
        quote: `${how}${key === undefined ? "" : `\nkey: ${key}`}\n${where.map(describePlace).join("\n")}`,
      },
      { caption: "What was recovered", quote: recovered.slice(0, MAX_QUOTE) },
      ...(run
        ? [
            {
              caption: "The exchange",
              ladder: ladderOf(run, "What the eavesdropper saw", {
                read: kind === "clear" ? "the text, for all to read" : cipher,
              }),
            },
          ]
        : []),
    ],
  });
}

const HINTS: Partial<Record<Proof["kind"], string>> = {
  clear: "Encrypt the text before you send it; base64, hexadecimal and pickle are no encryption.",
  "key on the wire":
    "Encrypt the secret key with the receiver's public key, or agree on it with Diffie-Hellman.",
  "equal blocks": "Use a mode with a random nonce and authentication, such as GCM, and never ECB.",
  "key in the source":
    "Make a new random key for each session: what stands in the source is known to everybody who has it.",
};
