/**
 * The channel on the wire is what the specification says: its worked examples, and a second
 * implementation of it.
 */
import { Buffer } from "node:buffer";
import { constants, createECDH, sign, verify as verifySignature } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Bytes, concat, encodeUtf8, toHex } from "../../../lib/bytes/bytes.ts";
import { Channel } from "../../../lib/channel/channel.ts";
import { type Fixed, shakeHandsAsClient, shakeHandsAsServer } from "../../../lib/channel/handshake.ts";
import { Sealer, splitDirection } from "../../../lib/channel/records.ts";
import { CURVE, type Ephemeral } from "../../../lib/crypto/ephemeral.ts";
import { loadIdentity } from "../../support/identities.ts";
import { memoryPair } from "../../support/memory-transport.ts";
import { rejects } from "../../support/rejects.ts";
import {
  fields,
  followSpecification,
  hkdf,
  hmac,
  type Ingredients,
  sealRecord,
} from "../../support/stranger.ts";
import { bytesOf, readVectors } from "../../support/vectors.ts";
import { type Passing, wire } from "../../support/wire.ts";

const EMPTY = new Uint8Array();
const identities = { client: await loadIdentity("a"), server: await loadIdentity("b") };
const vectors = readVectors("channel");
const [common, preShared, identity] = ["common", "pre-shared key", "identities"].map((key) =>
  bytesOf(vectors, key),
);

function value(name: string, ...sources: (Map<string, Bytes> | undefined)[]): Bytes {
  for (const source of sources) {
    const found = source?.get(name);
    if (found) return found;
  }
  return EMPTY;
}

function ingredientsOf(example: Map<string, Bytes> | undefined, mode: 1 | 2): Ingredients {
  return {
    mode,
    id: value("id", example),
    preSharedKey: value("pre-shared key", example),
    clientPrivate: value("client private key", common),
    serverPrivate: value("server private key", common),
    clientRandom: value("client random", common),
    serverRandom: value("server random", common),
    clientSpki: value("client SPKI", example),
    serverSpki: value("server SPKI", example),
    sign: (role) => value(`${role} signature`, example),
  };
}

/** The ephemeral pair of `role` in the examples. */
function ephemeralOf(role: "client" | "server"): Ephemeral {
  const pair = createECDH(CURVE);
  pair.setPrivateKey(value(`${role} private key`, common));
  return { point: new Uint8Array(pair.getPublicKey()), pair };
}

function fixedOf(role: "client" | "server", example: Map<string, Bytes> | undefined): Fixed {
  return {
    ephemeral: ephemeralOf(role),
    random: value(`${role} random`, common),
    signature: value(`${role} signature`, example),
  };
}

test("lib/README.md shows the worked example with a pre-shared key", () => {
  const page = readFileSync(new URL("../../../lib/README.md", import.meta.url), "utf8");
  for (const example of [common, preShared]) {
    const lines = [...(example ?? [])].flatMap(([name, bytes]) => {
      const [first, ...rest] = toHex(bytes).match(/.{1,64}/g) ?? [];
      return [`${name.padEnd(26)}${first}`, ...rest.map((part) => `${" ".repeat(26)}${part}`)];
    });
    assert.ok(page.includes(`\`\`\`text\n${lines.join("\n")}\n\`\`\``), lines.join("\n"));
  }
});

for (const [mode, example] of [
  [2, preShared],
  [1, identity],
] as const) {
  const name = mode === 1 ? "identities" : "a pre-shared key";

  test(`worked example with ${name}: every value follows from the first`, () => {
    const values = followSpecification(ingredientsOf(example, mode));
    let compared = 0;
    for (const [key, bytes] of values) {
      assert.is(toHex(value(key, example)), toHex(bytes), key);
      compared += bytes.length > 0 ? 1 : 0;
    }
    assert.is(compared, mode === 1 ? 24 : 22);
  });

  test(`worked example with ${name}: the library sends exactly these bytes`, async () => {
    const seen: Passing[] = [];
    const ends = wire((passing) => {
      seen.push(passing);
      return [passing.message];
    });
    const key = value("pre-shared key", example);
    const [client, server] = await Promise.all([
      Channel.connect(ends.client, {
        ...(mode === 1
          ? { identity: identities.client }
          : { preSharedKey: { id: value("id", example), key } }),
        fixed: fixedOf("client", example),
      }),
      Channel.accept(ends.server, {
        ...(mode === 1 ? { identity: identities.server } : { preSharedKey: () => key }),
        fixed: fixedOf("server", example),
      }),
    ]);
    await client.send(encodeUtf8("hello"));
    await server.receive();
    await server.send(encodeUtf8("world"));
    await client.receive();
    await client.end();
    await server.receive();
    await server.end();
    await client.receive();
    const order = ["client hello", "server hello", "server proof", "client proof", "ready"];
    order.push("client says hello", "server says world", "client closes", "server closes");
    order.forEach((step, index) => {
      assert.is(toHex(seen[index]?.message ?? EMPTY), toHex(value(step, example)), step);
    });
    assert.is(seen.length, order.length);
    const exported = client.exportKey("example", encodeUtf8("context"), 32);
    assert.equal(exported, value("exported key", example));
  });
}

test("worked example with identities: the signatures are good", () => {
  for (const [role, transcript] of [
    ["client", "transcript 2"],
    ["server", "transcript 1"],
  ] as const) {
    const signed = fields(
      `sml/channel/v1/${role} signature`,
      value(transcript, identity),
      value(`${role} SPKI`, identity),
    );
    const key = readFileSync(
      new URL(`../../keys/identity-3072-${role === "client" ? "a" : "b"}.pub.pem`, import.meta.url),
    );
    const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    assert.ok(verifySignature("sha256", signed, pss, value(`${role} signature`, identity)));
  }
});

/**
 * Answers a client as the server of the example whose proof has `change`d fields; returns what the
 * client made of it.
 */
async function proveWrongly(
  change: (proof: { spki: Bytes; signature: Bytes; mac: Bytes; keys: Bytes; transcript: Bytes }) => Bytes,
): Promise<unknown> {
  const ingredients = ingredientsOf(identity, 1);
  const values = followSpecification(ingredients);
  const read = (name: string) => value(name, values);
  const [client, us] = memoryPair();
  const running = shakeHandsAsClient(client, {
    identity: identities.client,
    fixed: fixedOf("client", identity),
  });
  await us.write(read("server hello"));
  const keys = read("server handshake keys");
  const content = change({
    spki: ingredients.serverSpki,
    signature: read("server signature"),
    mac: read("server MAC"),
    keys,
    transcript: read("transcript 1"),
  });
  await us.write(sealRecord(keys, 0, 1, content));
  us.end();
  return running;
}

function sealWithMac(
  { keys, transcript }: { keys: Bytes; transcript: Bytes },
  spki: Bytes,
  signature: Bytes,
): Bytes {
  return fields(
    spki,
    signature,
    hmac(keys.slice(44), fields("sml/channel/v1/server MAC", transcript, spki, signature)),
  );
}

test("proof: sealed well, but with a wrong MAC, name, signature, number of fields", async () => {
  const refusal = /its proof was altered/;
  // what is right passes, up to the end of the stream
  await rejects(
    proveWrongly(({ spki, signature, mac }) => fields(spki, signature, mac)),
    /closed the connection early/,
  );
  await rejects(
    proveWrongly(({ spki, signature, mac }) => fields(spki, signature, mac.fill(0))),
    refusal,
  );
  await rejects(
    proveWrongly(({ spki, signature }) => fields(spki, signature, EMPTY)),
    refusal,
  );
  await rejects(
    proveWrongly(({ spki, signature, mac }) => fields(spki, signature, mac, EMPTY)),
    refusal,
  );
  await rejects(
    proveWrongly(({ spki, mac }) => concat([fields(spki), fields(mac)])),
    refusal,
  );
  // misbinding: the server's signature under another name, with the MAC of this session
  await rejects(
    proveWrongly((proof) => sealWithMac(proof, value("client SPKI", identity), proof.signature)),
    refusal,
  );
  await rejects(
    proveWrongly((proof) => sealWithMac(proof, proof.spki, value("client signature", identity))),
    refusal,
  );
  await rejects(
    proveWrongly((proof) => sealWithMac(proof, EMPTY, EMPTY)),
    /refused/,
  );
});

test("proof: a name of one's own beside a signature over another's name", async () => {
  // mallory, who has alice's key, signs with it for this session, but says that she is bob
  const forge = (named: string) =>
    proveWrongly((proof) => {
      const key = readFileSync(new URL("../../keys/identity-3072-a.pem", import.meta.url));
      const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
      const signed = fields("sml/channel/v1/server signature", proof.transcript, value(named, identity));
      return sealWithMac(proof, value("server SPKI", identity), new Uint8Array(sign("sha256", signed, pss)));
    });
  await rejects(forge("server SPKI"), /its proof was altered/);
  await rejects(forge("client SPKI"), /its proof was altered/);
});

test("reflection: a client that proves the server's own identity", async () => {
  const key = readFileSync(new URL("../../keys/identity-3072-b.pem", import.meta.url));
  const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  const values = followSpecification({
    ...ingredientsOf(identity, 1),
    clientSpki: value("server SPKI", identity),
    sign: (role, signed) =>
      role === "server" ? value("server signature", identity) : new Uint8Array(sign("sha256", signed, pss)),
  });
  const [us, server] = memoryPair();
  const fixed = fixedOf("server", identity);
  const running = shakeHandsAsServer(server, { identity: identities.server, fixed });
  await us.write(value("client hello", values));
  await us.write(value("client proof", values));
  await rejects(running, /sent our own key back/);
});

test("pre-shared key: a proof with a name in it", async () => {
  const ingredients = ingredientsOf(preShared, 2);
  const key = ingredients.preSharedKey;
  const [us, server] = memoryPair();
  const fixed = fixedOf("server", preShared);
  const running = shakeHandsAsServer(server, { preSharedKey: () => key, fixed });
  await us.write(value("client hello", preShared));
  const keys = value("client handshake keys", preShared);
  const named = [value("client SPKI", identity), value("client signature", identity)] as const;
  const mac = hmac(
    keys.slice(44),
    fields("sml/channel/v1/client MAC", value("transcript 2", preShared), ...named),
  );
  await us.write(sealRecord(keys, 0, 1, fields(...named, mac)));
  await rejects(running, /its proof was altered/);
});

test("rekey: after so many records the next keys, and the number goes on", async () => {
  const direction = splitDirection(value("client application keys", preShared));
  const sealer = new Sealer(direction, { rekeyAfter: 1 });
  const text = encodeUtf8("hello");
  assert.equal(concat(sealer.seal(4, text)), value("client says hello", preShared));
  const expected = sealRecord(value("next client keys", preShared), 1, 4, text);
  assert.equal(concat(sealer.seal(4, text)), expected);
});

test("hkdf: RFC 5869, appendix A.1", () => {
  const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));
  const okm = hkdf(
    bytes("0b".repeat(22)),
    bytes("000102030405060708090a0b0c"),
    bytes("f0f1f2f3f4f5f6f7f8f9"),
    42,
  );
  assert.is(
    toHex(okm),
    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
  );
});

test.run();
