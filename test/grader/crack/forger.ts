/**
 * Makes messages of the attacker's, in a process of its own: recovers the key of a session as the
 * eavesdropper does, and encrypts in the same way; or learns how to encrypt for a public key.
 */
import { fileURLToPath } from "node:url";
import { type Bytes, concat, equal } from "../../../lib/bytes/bytes.ts";
import type { Capture, Piece } from "./capture/capture.ts";
import type { ProofKind, Rewritten } from "./capture/proof.ts";
import { type CurveSignature, findCurveSignatures, type SignatureSearch } from "./curves/signatures.ts";
import { eavesdrop } from "./eavesdrop.ts";
import { ask, serve, startProcess } from "./other-process.ts";
import { type LearnRequest, learn, type Recipe } from "./recipe.ts";

const FILE = fileURLToPath(import.meta.url);

export interface ForgeryRequest {
  /** What has passed in the session, the message included. */
  capture: Capture;
  /** The stream that ends with the message. */
  stream: Pick<Piece, "connection" | "direction">;
  /** Bytes of the message. */
  length: number;
  text: string;
  /** How the texts of other sessions were read. */
  kinds: ProofKind[];
  source: { name: string; bytes: Bytes }[];
  steps: number;
}

/** A message as the peer could have sent it. */
export interface Forgery {
  bytes: Bytes;
  text: string;
  /** The attack that gave the key, in words. */
  how: string;
}

type Request =
  | { forge: ForgeryRequest }
  | { learn: LearnRequest }
  /** One search for each exchange. */
  | { find: SignatureSearch[] };

/** A process that is ready to compute one answer: no program has to wait until it has started. */
export class Forger {
  readonly #child = startProcess(FILE);

  /** Returns undefined if nothing can be made. @throws Error if the process ends by itself */
  forge(request: ForgeryRequest): Promise<Forgery | undefined> {
    return this.#ask<Forgery>({ forge: request });
  }

  /** Returns how a message was encrypted. @throws Error if the process ends by itself */
  learn(request: LearnRequest): Promise<Recipe | undefined> {
    return this.#ask<Recipe>({ learn: request });
  }

  /** Returns the signatures of each search. @throws Error if the process ends by itself */
  async find(searches: SignatureSearch[]): Promise<CurveSignature[][]> {
    return (await this.#ask<CurveSignature[][]>({ find: searches })) ?? [];
  }

  /** Ends the process: nothing waits for an answer any more. */
  close(): void {
    this.#child.kill();
  }

  #ask<Answer>(request: Request): Promise<Answer | undefined> {
    return ask<Request, Answer | undefined>(this.#child, request).catch((error) => {
      if (this.#child.killed) return undefined;
      throw error;
    });
  }
}

/** Forges in this process. */
export function forge({
  capture,
  kinds,
  text,
  source,
  steps,
  ...place
}: ForgeryRequest): Forgery | undefined {
  for (const kind of kinds) {
    for (const { rewrite, how } of eavesdrop([capture], [text], { kind, source, steps })) {
      const rewritten = rewrite?.();
      const bytes = rewritten && messageIn(rewritten, capture, place);
      if (rewritten && bytes) return { bytes, text: rewritten.text, how };
    }
  }
  return undefined;
}

/** Returns the message in a rewritten stream; undefined if what passed before it has changed. */
function messageIn(
  { stream, bytes }: Rewritten,
  { pieces }: Capture,
  { stream: { connection, direction }, length }: Pick<ForgeryRequest, "stream" | "length">,
): Bytes | undefined {
  const isOurs = (piece: Pick<Piece, "connection" | "direction">) =>
    piece.connection === connection && piece.direction === direction;
  if (!stream.parts.every(({ place }) => "connection" in place && isOurs(place))) return undefined;
  const sent = concat(pieces.filter(isOurs).map((piece) => piece.bytes));
  const before = sent.length - length;
  if (bytes.length !== sent.length || !equal(bytes.slice(0, before), sent.slice(0, before))) return undefined;
  return bytes.slice(before);
}

serve(FILE, (request: Request) => {
  if ("forge" in request) return forge(request.forge);
  return "learn" in request ? learn(request.learn) : request.find.map(findCurveSignatures);
});
