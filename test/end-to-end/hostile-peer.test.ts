/**
 * What a peer can do instead of a hello: each script must refuse it with a clear line, whichever
 * side it plays.
 *
 * One of each kind: the others are the same to a script, and test/unit tries them all.
 */
import type { Socket } from "node:net";
import { test } from "uvu";
import { type Bytes, concat } from "../../lib/bytes/bytes.ts";
import { encodeFields, encodeUint32 } from "../../lib/bytes/fields.ts";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";
import { assertRefused, attack, type Script } from "../support/attack.ts";
import { loadSpki } from "../support/keys.ts";

const SHORT_TIMEOUT = ["--timeout", "3"];

// the hello is the same in both parts: one plays the server, the other the client
const VICTIMS: [Script, version: string][] = [
  ["part1/server.ts", "sml/part1/v1"],
  ["part2/client.ts", "sml/part2/v1"],
];

interface Attack {
  name: string;
  behave: (socket: Socket, version: string) => void;
  reason: RegExp;
  flags?: string[];
}

const ATTACKS: Attack[] = [
  {
    name: "garbage",
    behave: (socket) => socket.write("GET / HTTP/1.1\r\nHost: \u001b[31mred\r\n\r\n"),
    reason: /the peer announced a frame of 1195725856 bytes, at most 8192 are accepted/,
  },
  {
    name: "an announced frame of 4 GiB, and as much of it as it takes",
    behave: (socket) => {
      socket.write(encodeUint32(0xffff_ffff));
      const flood = () => {
        while (!socket.destroyed && socket.write(new Uint8Array(65_536)));
      };
      socket.on("drain", flood);
      flood();
    },
    reason: /the peer announced a frame of 4294967295 bytes, at most 8192 are accepted/,
  },
  {
    name: "nothing, and closes",
    behave: (socket) => socket.end(),
    reason: /the peer closed the connection early/,
  },
  {
    name: "half a hello, and resets",
    behave: (socket, version) => {
      socket.write(frame(hello(version, loadSpki("rsa-2048-c"))).subarray(0, 100), () =>
        socket.resetAndDestroy(),
      );
    },
    // a reset behind data is sometimes reported as an end
    reason: /the peer reset the connection|the peer closed the connection inside a frame/,
  },
  {
    name: "half a hello, and falls silent",
    behave: (socket, version) => socket.write(frame(hello(version, loadSpki("rsa-2048-c"))).subarray(0, 100)),
    reason: /timed out: the exchange with the peer took longer than 3 s/,
    flags: SHORT_TIMEOUT,
  },
  {
    name: "a hello of another protocol, with a name that drives the terminal",
    behave: (socket) => socket.write(frame(hello("\u001b]0;owned\u0007\nReceived", loadSpki("rsa-2048-c")))),
    reason: /the peer speaks "\\u\{1b\}\]0;owned\\u\{7\}\\nReceived", expected "sml\/part[12]\/v1"/,
  },
  badKey("a key of 1024 bits", loadSpki("bad-rsa-1024"), /1024 bits, expected 2048 to 4096/),
];

for (const [script, version] of VICTIMS) {
  for (const { name, behave, reason, flags } of ATTACKS) {
    test(`${script} refuses a peer that sends ${name}`, async () => {
      assertRefused(await attack(script, (socket) => behave(socket, version), flags), reason);
    });
  }
}

function badKey(name: string, spki: Bytes, why: RegExp): Attack {
  return {
    name,
    behave: (socket, version) => socket.write(frame(hello(version, spki))),
    reason: new RegExp(`the peer's public key is refused: ${why.source}`),
  };
}

function hello(version: string, spki: Bytes): Bytes {
  return encodeFields([version, randomBytes(32), spki]);
}

function frame(payload: Bytes): Bytes {
  return concat([encodeUint32(payload.length), payload]);
}

test.run();
