/**
 * Genuine messages that were altered, repeated, sent back or followed by more: nothing of them may
 * be printed.
 *
 * A sample: test/unit/messages/tamper.test.ts tries every bit.
 */
import { createHash, randomInt } from "node:crypto";
import type { Socket } from "node:net";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Bytes } from "../../lib/bytes/bytes.ts";
import { encodeUint32 } from "../../lib/bytes/fields.ts";
import { generateFernetKey, sealToken } from "../../lib/crypto/fernet.ts";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";
import { exchangeHellos } from "../../lib/messages/hello.ts";
import {
  signReply,
  signRequest,
  unwrapKey,
  verifyRequest,
  wrapKey,
} from "../../lib/messages/hybrid-message.ts";
import { encryptBlocks, MESSAGE_LIMIT, signText } from "../../lib/messages/rsa-message.ts";
import { FRAME_LIMIT, FramedStream } from "../../lib/net/framing.ts";
import { assertRefused, attack, type Script } from "../support/attack.ts";
import { loadKeys } from "../support/keys.ts";
import { runPair } from "../support/pair.ts";
import { DIRECTIONS, type Direction, type Wiretap, wiretap } from "../support/wiretap.ts";

// what is done to the frame itself meets the same code in both parts: one plays the server, the
// other the client
const VICTIMS: Script[] = ["part1/server.ts", "part2/client.ts"];
const NOT_AUTHENTIC =
  /the message is refused: it was altered on the way, or is not from this peer and session/;
const TEXT = "genuine";
const SHORT_TIMEOUT = ["--timeout", "2"];
const SEED = Number(process.env["SEED"] ?? randomInt(1_000_000));

const attacker = await loadKeys("rsa-2048-c");
/** A genuine exchange of each part, and what passed in each direction. */
const recorded = { part1: runTapped("part1"), part2: runTapped("part2") };

interface Met {
  framed: FramedStream;
  /** The genuine last frame that the victim now expects. */
  frame: Bytes;
}

/** Exchanges hellos with `victim` as a genuine peer, and makes the frame that would be accepted. */
async function meet(victim: Script, socket: Socket, text = TEXT): Promise<Met> {
  const framed = new FramedStream(socket);
  const role = victim.endsWith("server.ts") ? "client" : "server";
  if (victim.startsWith("part1")) {
    const { peer, session } = await exchangeHellos(framed, attacker, { version: "sml/part1/v1", role });
    const direction: Direction = role === "client" ? "client to server" : "server to client";
    return {
      framed,
      frame: await encryptBlocks(await signText(text, attacker, { direction, session }), peer),
    };
  }
  const { peer, session } = await exchangeHellos(framed, attacker, { version: "sml/part2/v1", role });
  if (role === "client") {
    const fernetKey = generateFernetKey();
    const wrappedKey = await wrapKey(fernetKey, peer, session);
    return {
      framed,
      frame: await signRequest(wrappedKey, await sealToken(fernetKey, text), attacker, session),
    };
  }
  const request = await framed.readLast(FRAME_LIMIT);
  const { wrappedKey } = await verifyRequest(request, peer, session);
  const token = await sealToken(await unwrapKey(wrappedKey, attacker, session), text);
  return { framed, frame: await signReply(token, request, attacker, session) };
}

const VARIANTS: {
  name: string;
  send: (met: Met, socket: Socket) => Promise<void>;
  reason: RegExp;
  flags?: string[];
}[] = [
  {
    name: "the genuine frame and one byte more",
    async send({ framed, frame }, socket) {
      await framed.write(frame);
      socket.end(new Uint8Array(1));
    },
    reason: /the peer sent more than its last frame/,
  },
  {
    name: "the genuine frame, but never its end",
    send: ({ framed, frame }) => framed.write(frame),
    reason: /timed out: the exchange with the peer took longer than 2 s/,
    flags: SHORT_TIMEOUT,
  },
  {
    name: "random bytes as long as the genuine frame",
    send: ({ framed, frame }) => framed.writeLast(randomBytes(frame.length)),
    reason: /the message is refused|malformed fields/,
  },
];

for (const script of VICTIMS) {
  for (const { name, send, reason, flags } of VARIANTS) {
    test(`${script} refuses ${name}`, async () => {
      const ending = await attack(script, async (socket) => send(await meet(script, socket), socket), flags);
      assertRefused(ending, reason);
    });
  }

  const limit = script.startsWith("part1") ? MESSAGE_LIMIT : FRAME_LIMIT;
  test(`${script} refuses a frame over ${limit} bytes before it comes`, async () => {
    const ending = await attack(script, async (socket) => {
      await meet(script, socket);
      socket.write(encodeUint32(limit + 1));
    });
    assertRefused(
      ending,
      new RegExp(`announced a frame of ${limit + 1} bytes, at most ${limit} are accepted`),
    );
  });

  test(`${script} refuses a genuine text that is too long`, async () => {
    const textLimit = script.startsWith("part1") ? 16 * 1024 : 1024 * 1024;
    const ending = await attack(script, async (socket) => {
      const { framed, frame } = await meet(script, socket, "x".repeat(textLimit + 1));
      await framed.writeLast(frame);
    });
    assertRefused(
      ending,
      new RegExp(`the text is too long: ${textLimit + 1} bytes, at most ${textLimit} are accepted`),
    );
  });

  test(`${script} refuses its own bytes, sent back`, async () => {
    const ending = await attack(script, (socket) => {
      socket.pipe(socket);
    });
    assertRefused(ending, /the peer is refused: it sent our own public key back/);
  });
}

for (const part of ["part1", "part2"] as const) {
  test(`${part} does not take a recorded session again, even with the same key`, async () => {
    const { captured } = await recorded[part];
    for (const [role, direction] of [
      ["server", "client to server"],
      ["client", "server to client"],
    ] as const) {
      const ending = await attack(`${part}/${role}.ts`, (socket) => void socket.end(captured[direction]));
      assertRefused(ending, NOT_AUTHENTIC);
    }
  });

  for (const direction of DIRECTIONS) {
    test(`${part} prints nothing when a bit is flipped from ${direction} (SEED=${SEED})`, async () => {
      const { length } = (await recorded[part]).captured[direction];
      const bit = pseudoRandom(`${SEED} ${part} ${direction}`, 8 * length);
      const { client, server } = await runFlipped(part, direction, bit);
      const receiver = direction === "client to server" ? server : client;
      assert.is(receiver.stdout, "", `bit ${bit} flipped, and the message was taken`);
      assert.is(receiver.status, 1, `bit ${bit}: ${receiver.stderr}`);
      assert.match(receiver.stderr, /^error: [^\n]+\n$/m);
      assert.not.match(client.stderr + server.stderr, /^ +at /m);
    });
  }
}

async function runFlipped(part: string, direction: Direction, bit: number) {
  const { client, server } = await runTapped(part, (itsDirection, bytes, offset) => {
    const index = Math.floor(bit / 8) - offset;
    if (itsDirection !== direction || index < 0 || index >= bytes.length) return bytes;
    return bytes.map((byte, at) => (at === index ? byte ^ (1 << (bit % 8)) : byte));
  });
  return { client, server };
}

async function runTapped(
  part: string,
  alter?: (direction: Direction, bytes: Bytes, offset: number) => Bytes,
) {
  let tap: Wiretap | undefined;
  try {
    const endings = await runPair(part, {
      // a flipped length makes the receiver wait; what is genuine may take its time
      ...(alter && { clientFlags: SHORT_TIMEOUT, serverFlags: SHORT_TIMEOUT }),
      async reroute(port) {
        tap = await wiretap(port, alter && { alter });
        return tap.port;
      },
    });
    if (!tap) throw new Error("the wire was not tapped");
    const captured = {
      "client to server": tap.captured("client to server"),
      "server to client": tap.captured("server to client"),
    };
    return { ...endings, captured };
  } finally {
    tap?.close();
  }
}

/** A number below `limit`, the same for the same seed. */
function pseudoRandom(seed: string, limit: number): number {
  return createHash("sha256").update(seed).digest().readUInt32BE() % limit;
}

test.run();
