/** What close-notify.test.ts cannot show with real TLS. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { TicketHold } from "../../../exercises/05-ftp/ticket-hold.ts";
import { equal } from "../../../lib/bytes/bytes.ts";
import { pattern } from "../../support/ftp-server.ts";

const stream = { getProtocol: () => "TLSv1.3", writableLength: 0, writableEnded: false };

test("TicketHold: everything leaves in order, with the server's own data or its end", () => {
  for (const own of [{ writableLength: 1 }, { writableEnded: true }]) {
    const changing = { ...stream };
    const hold = new TicketHold();
    assert.is(hold.pass(pattern(5)).length, 5, "the handshake");
    hold.start(changing);
    for (const part of [pattern(10).subarray(0, 4), pattern(10).subarray(4, 9)])
      assert.is(hold.pass(part).length, 0);
    Object.assign(changing, own);
    assert.ok(equal(hold.pass(pattern(10).subarray(9)), pattern(10)));
    assert.is(hold.pass(pattern(3)).length, 3);
  }
});

test("TicketHold: holds a bounded number of bytes, whatever a client makes TLS write", () => {
  const hold = new TicketHold();
  hold.start(stream);
  let [most, held, left] = [0, 0, 0];
  for (let written = 0; written < 1_000_000; written += 1000) {
    const sent = hold.pass(pattern(1000)).length;
    left += sent;
    held += 1000 - sent;
    most = Math.max(most, held);
  }
  assert.ok(most <= 16 * 1024, `${most} bytes were held`);
  assert.ok(left > 980_000);
});

test("TicketHold: holds nothing in TLS 1.2", () => {
  const hold = new TicketHold();
  hold.start({ ...stream, getProtocol: () => "TLSv1.2" });
  assert.is(hold.pass(pattern(5)).length, 5);
});

test.run();
