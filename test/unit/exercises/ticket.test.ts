import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  decodeOffer,
  deriveTicketKey,
  encodeOffer,
  receiveOffer,
  Ticket,
} from "../../../exercises/04-port-switching/ticket.ts";
import { concat, toHex } from "../../../lib/bytes/bytes.ts";
import { encodeFields } from "../../../lib/bytes/fields.ts";
import { randomBytes } from "../../../lib/crypto/webcrypto.ts";
import { openPair } from "../../support/channels.ts";
import { rejects, throws } from "../../support/rejects.ts";

const ticket = Uint8Array.from({ length: 16 }, (_, index) => index);

test("encodeOffer: as the specification has it", () => {
  assert.is(
    toHex(encodeOffer({ port: 10103, ticket })),
    "0000000227770000001000010203040506070809" + "0a0b0c0d0e0f",
  );
});

test("encodeOffer, decodeOffer: every port, in as many bytes", () => {
  for (let port = 1; port <= 65_535; port += 1) {
    const offer = encodeOffer({ port, ticket });
    assert.is(offer.length, 26);
    if (decodeOffer(offer).port !== port) assert.unreachable(`port ${port}`);
  }
  assert.equal(decodeOffer(encodeOffer({ port: 443, ticket })), { port: 443, ticket });
});

test("decodeOffer: cut short, too long, or of other lengths", () => {
  const offer = encodeOffer({ port: 10103, ticket });
  for (let length = 0; length < offer.length; length += 1)
    throws(() => decodeOffer(offer.subarray(0, length)), /^malformed fields: /);
  throws(() => decodeOffer(concat([offer, new Uint8Array(1)])), /bytes follow field 2, the last/);
  const badPort = "malformed offer: expected a port from 1 to 65535 in 2 bytes";
  for (const port of [[], [1], [0, 0], [0, 0, 1], [1, 2, 3]])
    throws(() => decodeOffer(encodeFields([new Uint8Array(port), ticket])), badPort);
  for (const length of [0, 15, 17, 64])
    throws(
      () => decodeOffer(encodeFields([new Uint8Array([1, 2]), new Uint8Array(length)])),
      `malformed offer: expected a ticket of 16 bytes, got ${length}`,
    );
});

test("receiveOffer: what the server sends, or why there is nothing", async () => {
  const { client, server } = await openPair();
  await server.send(encodeOffer({ port: 443, ticket }));
  assert.equal(await receiveOffer(client, 5), { port: 443, ticket });
  await rejects(receiveOffer(client, 0.05), "timed out: nothing from the peer for 0.05 s");

  const other = await openPair();
  await other.server.end();
  await rejects(receiveOffer(other.client, 5), "the server closed the channel without offering a port");
  await other.client.close();
});

test("deriveTicketKey: the same at both ends, and another for each ticket, channel and purpose", async () => {
  const [pair, other] = [await openPair(), await openPair()];
  const key = deriveTicketKey(pair.client, ticket);
  assert.is(key.length, 32);
  assert.equal(deriveTicketKey(pair.server, ticket), key);
  assert.equal(pair.client.exportKey("sml/04/v1/ticket", ticket, 32), key);
  assert.not.equal(deriveTicketKey(pair.client, randomBytes(16)), key);
  assert.not.equal(deriveTicketKey(other.client, ticket), key);
  assert.not.equal(pair.client.exportKey("sml/05/v1/ticket", ticket, 32), key);
  await Promise.all([pair, other].flatMap(({ client, server }) => [client.close(), server.close()]));
});

test("Ticket: the key is for this id only, and looking it up does not use the ticket", () => {
  const issued = new Ticket();
  const key = randomBytes(32);
  assert.is(issued.id.length, 16);
  assert.not.equal(new Ticket().id, issued.id);
  assert.is(issued.lookUp(issued.id), undefined, "before there is a key");
  issued.admit(key);
  for (let times = 0; times < 3; times += 1) assert.equal(issued.lookUp(issued.id), key);
  for (const other of [
    ticket,
    new Uint8Array(),
    issued.id.subarray(1),
    concat([issued.id, new Uint8Array(1)]),
  ])
    assert.is(issued.lookUp(other), undefined);
  assert.is(issued.use(), undefined);
});

test("Ticket.use: once", () => {
  const issued = new Ticket();
  assert.is(issued.use(), undefined);
  assert.is(issued.use(), "this ticket has been used");
  assert.is(issued.use(), "this ticket has been used");
  assert.is(new Ticket().use(), undefined);
});

test.run();
