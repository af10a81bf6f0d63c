/**
 * Whole exchanges of parts 1 and 2, recorded with the stock's keys and fixed randomness, then
 * altered on the way.
 *
 * What costs an operation with a key for each bit is dealt out: the two providers try different
 * bits of a message and of a modulus, and every bit is tried by one of them. The bits of the
 * modulus are dealt between parts and directions as well, whose hellos go the same way but for a
 * digit of the version. All other bits are tried each time.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, toHex } from "../../../lib/bytes/bytes.ts";
import { encodeFields, encodeUint32 } from "../../../lib/bytes/fields.ts";
import { generateFernetKey, openToken, sealToken } from "../../../lib/crypto/fernet.ts";
import type { OwnKeys, PublicKeys } from "../../../lib/crypto/keys.ts";
import { provider } from "../../../lib/crypto/webcrypto.ts";
import { exchangeHellos } from "../../../lib/messages/hello.ts";
import {
  signReply,
  signRequest,
  unwrapKey,
  verifyReply,
  verifyRequest,
  wrapKey,
} from "../../../lib/messages/hybrid-message.ts";
import {
  decryptBlocks,
  encryptBlocks,
  MESSAGE_LIMIT,
  signText,
  verifyText,
} from "../../../lib/messages/rsa-message.ts";
import { FRAME_LIMIT, FramedStream } from "../../../lib/net/framing.ts";
import { flipped } from "../../support/bits.ts";
import { loadKeys } from "../../support/keys.ts";
import { rejects } from "../../support/rejects.ts";
import { playback } from "../../support/streams.ts";

type Role = "client" | "server";

interface Party {
  role: Role;
  own: OwnKeys;
  random: Bytes;
}

interface Met {
  peer: PublicKeys;
  session: Bytes;
}

/** One part's protocol, as its two scripts speak it. */
interface Part {
  version: string;
  /** Returns the payload that a party sends after the hellos. */
  send(party: Party, met: Met): Promise<Bytes>;
  /** Reads a party's last frame from the peer; returns the text. */
  receive(connection: FramedStream, party: Party, met: Met): Promise<string>;
}

const client: Party = {
  role: "client",
  own: await loadKeys("rsa-2048-a"),
  random: new Uint8Array(32).fill(0xc1),
};
const server: Party = {
  role: "server",
  own: await loadKeys("rsa-2048-b"),
  random: new Uint8Array(32).fill(0x5e),
};
const mallory: Party = {
  role: "client",
  own: await loadKeys("rsa-2048-c"),
  random: new Uint8Array(32).fill(0x3a),
};

const part1: Part = {
  version: "sml/part1/v1",
  async send({ role, own }, { peer, session }) {
    return encryptBlocks(
      await signText(`from the ${role}`, own, { direction: direction(role), session }),
      peer,
    );
  },
  async receive(connection, { role, own }, { peer, session }) {
    const signedText = await decryptOnce(await connection.readLast(MESSAGE_LIMIT), own);
    return verifyText(signedText, peer, { direction: direction(other(role)), session });
  },
};

const fernetKey = generateFernetKey();
/** The request of the session that was recorded. */
let request: Bytes = new Uint8Array(0);

const part2: Part = {
  version: "sml/part2/v1",
  async send({ role, own }, { peer, session }) {
    const token = await sealToken(fernetKey, `from the ${role}`);
    if (role === "server") return signReply(token, request, own, session);
    return signRequest(await wrapKey(fernetKey, peer, session), token, own, session);
  },
  async receive(connection, { role, own }, { peer, session }) {
    const payload = await connection.readLast(FRAME_LIMIT);
    if (role === "client") return openToken(fernetKey, await verifyReply(payload, request, peer, session));
    const { wrappedKey, token } = await verifyRequest(payload, peer, session);
    return openToken(await unwrapKey(wrappedKey, own, session), token);
  },
};

// decryptBlocks works block by block, so a block that was decrypted once need not be again
const decrypted = new Map<string, Bytes>();
async function decryptOnce(message: Bytes, own: OwnKeys): Promise<Bytes> {
  if (message.length % own.modulusLength !== 0) return decryptBlocks(message, own);
  const parts: Bytes[] = [];
  for (let offset = 0; offset < message.length; offset += own.modulusLength) {
    const block = message.slice(offset, offset + own.modulusLength);
    const name = own.fingerprint + toHex(block);
    const part = decrypted.get(name) ?? (await decryptBlocks(block, own));
    decrypted.set(name, part);
    parts.push(part);
  }
  return concat(parts);
}

interface Recording {
  hello: Bytes;
  last: Bytes;
}

function helloOf({ own, random }: Party, { version }: Part): Bytes {
  return frame(encodeFields([version, random, own.spki]));
}

/**
 * Lets `party` meet a peer that sends `bytes` and then ends its half; returns the text that `party`
 * accepts.
 */
async function run(part: Part, party: Party, bytes: Bytes): Promise<string> {
  const connection = new FramedStream(playback([bytes]).stream);
  const { role, own, random } = party;
  const met = await exchangeHellos(connection, own, { version: part.version, role, random });
  return part.receive(connection, party, met);
}

/** Returns what `party` and `peer` know of each other after honest hellos. */
async function meet(part: Part, party: Party, peer: Party): Promise<Met> {
  const connection = new FramedStream(playback([helloOf(peer, part)]).stream);
  const { role, own, random } = party;
  return exchangeHellos(connection, own, { version: part.version, role, random });
}

/** Returns all that `party` sends to `peer`. */
async function record(part: Part, party: Party, peer: Party): Promise<Recording> {
  const payload = await part.send(party, await meet(part, party, peer));
  if (part === part2 && party === client && peer === server) request = payload;
  return { hello: helloOf(party, part), last: frame(payload) };
}

function frame(payload: Bytes): Bytes {
  return concat([encodeUint32(payload.length), payload]);
}

function other(role: Role): Role {
  return role === "client" ? "server" : "client";
}

function direction(sender: Role): "client to server" | "server to client" {
  return sender === "client" ? "client to server" : "server to client";
}

/** Says whether this provider is the one to try a dear bit; the slower one has one in four. */
function dealt(bit: number): boolean {
  return (bit % 4 === 0) === (provider === "peculiar");
}

/** Says whether `part`, with this `sender`, is the one of four to try a dear bit that all have. */
function dealtTo(part: Part, sender: Party, bit: number): boolean {
  return Math.floor(bit / 4) % 4 === (part === part1 ? 0 : 2) + (sender === client ? 0 : 1);
}

/**
 * Fails unless every one of `attempts` is refused with a plain error, as what a peer caused must
 * be.
 */
async function allRefused(bits: number[], attempt: (bit: number) => Promise<string>): Promise<void> {
  const AT_ONCE = 32;
  for (let start = 0; start < bits.length; start += AT_ONCE) {
    await Promise.all(
      bits.slice(start, start + AT_ONCE).map(async (bit) => {
        const outcome = await attempt(bit).then(
          (text) => `accepted ${text}`,
          (error: unknown) =>
            error instanceof Error && error.constructor === Error ? "refused" : String(error),
        );
        if (outcome !== "refused") assert.unreachable(`bit ${bit}: ${outcome}`);
      }),
    );
  }
}

for (const [name, part] of Object.entries({ part1, part2 })) {
  for (const [sender, receiver] of [
    [client, server],
    [server, client],
  ] as const) {
    const recorded = await record(part, sender, receiver);
    const stream = concat([recorded.hello, recorded.last]);
    const text = `from the ${sender.role}`;
    const way = `${name}, ${direction(sender.role)}`;

    test(`${way}: the recording is accepted as it is`, async () => {
      assert.is(await run(part, receiver, stream), text);
    });

    test(`${way}: every flipped bit of the hello is refused`, async () => {
      const { spki } = sender.own;
      const modulus = {
        start: 8 * (recorded.hello.length - spki.length + 33),
        end: 8 * (recorded.hello.length - 5),
      };
      const bits = Array.from({ length: 8 * recorded.hello.length }, (_, bit) => bit);
      const tried = bits.filter(
        (bit) => bit < modulus.start || bit >= modulus.end || (dealt(bit) && dealtTo(part, sender, bit)),
      );
      await allRefused(tried, (bit) => run(part, receiver, flipped(stream, bit)));
    });

    test(`${way}: every flipped bit of the message is refused`, async () => {
      const met = await meet(part, receiver, sender);
      const bits = Array.from({ length: 8 * recorded.last.length }, (_, bit) => bit);
      const tried = bits.filter((bit) => bit < 32 || dealt(bit));
      await allRefused(tried, (bit) => {
        const connection = new FramedStream(playback([flipped(recorded.last, bit)]).stream);
        return part.receive(connection, receiver, met);
      });
    });

    test(`${way}: a stream cut short anywhere is refused`, async () => {
      const met = await meet(part, receiver, sender);
      const lengths = Array.from(recorded.last.keys());
      await allRefused(lengths, (length) => {
        const connection = new FramedStream(
          playback([recorded.last.slice(0, length)].filter(hasBytes)).stream,
        );
        return part.receive(connection, receiver, met);
      });
      await allRefused(Array.from(recorded.hello.keys()), (length) =>
        run(part, receiver, recorded.hello.slice(0, length)),
      );
    });

    test(`${way}: anything after the last frame is refused`, async () => {
      for (const extra of [new Uint8Array(1), new Uint8Array(4), recorded.last, stream]) {
        await rejects(run(part, receiver, concat([stream, extra])), "the peer sent more than its last frame");
      }
    });

    test(`${way}: the whole session played back to a fresh ${receiver.role} is refused`, async () => {
      const sameKey = { ...receiver, random: new Uint8Array(32).fill(0x77) };
      const sameRandom = { ...receiver, own: await loadKeys("rsa-3072") };
      for (const fresh of [sameKey, sameRandom]) {
        await rejects(run(part, fresh, stream), /^the message is refused: it was altered on the way/);
      }
    });

    test(`${way}: the sender's own stream reflected to it is refused`, async () => {
      await rejects(run(part, sender, stream), "the peer is refused: it sent our own public key back");
    });

    test(`${way}: the sender's own message reflected to it behind the receiver's hello is refused`, async () => {
      const reflected = concat([helloOf(receiver, part), recorded.last]);
      await rejects(run(part, sender, reflected), /^the message is refused|^malformed fields/);
    });

    test(`${way}: the message inside another's session is refused`, async () => {
      const spliced = concat([helloOf({ ...mallory, role: sender.role }, part), recorded.last]);
      await rejects(run(part, receiver, spliced), /^the message is refused/);
    });

    test(`${way}: the message of another session between the same two is refused`, async () => {
      const earlier = await record(part, { ...sender, random: new Uint8Array(32).fill(1) }, receiver);
      await rejects(run(part, receiver, concat([recorded.hello, earlier.last])), /^the message is refused/);
    });

    test(`${way}: the message played with the other role's words is refused`, async () => {
      // the receiver takes the role of the sender, as if the message had been meant the other way
      // round
      const turned = { ...receiver, role: sender.role };
      await rejects(run(part, turned, stream), /^the message is refused|^malformed fields/);
    });

    test(`${way}: what the sender sealed for mallory is refused when she forwards it`, async () => {
      const forMallory = await record(part, sender, { ...mallory, role: receiver.role });
      await rejects(
        run(part, receiver, concat([recorded.hello, forMallory.last])),
        /^the message is refused/,
      );
    });
  }
}

function hasBytes(chunk: Bytes): boolean {
  return chunk.length > 0;
}

test.run();
