import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatReply, quotePath, Refusal, reply } from "../../../exercises/05-ftp/ftp/protocol/reply.ts";
import { throws } from "../../support/rejects.ts";

test("formatReply: one line, and several, of which none but the last looks like it (RFC 959 §4.2)", () => {
  assert.is(formatReply(reply(226, "Done.")), "226 Done.\r\n");
  assert.is(
    formatReply(reply(211, "Features:", "MDTM", "211 End", "End")),
    "211-Features:\r\n MDTM\r\n 211 End\r\n211 End\r\n",
  );
});

test("formatReply refuses a text that could forge another reply", () => {
  for (const text of ["a\r\n230 Welcome.", "a\nb", "a\rb", "a\0b"])
    throws(() => formatReply(reply(200, text)), /^a reply: expected lines without line breaks$/);
  throws(() => formatReply(reply(200)), /^a reply/);
});

test("quotePath doubles quotation marks (RFC 959 appendix II)", () => {
  assert.is(quotePath('/a "b"/"'), '"/a ""b""/"""');
});

test("Refusal carries its reply", () => {
  assert.equal(new Refusal(550, "No.", "Never.").reply, { code: 550, lines: ["No.", "Never."] });
});

test.run();
