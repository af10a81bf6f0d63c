import { test } from "uvu";
import * as assert from "uvu/assert";
import { Charges } from "../../../lib/passwords/charges.ts";

test("Charges counts each name apart, and takes charges back", () => {
  const charges = new Charges(() => 0);
  assert.is(charges.count("a"), 0);
  for (const name of ["a", "a", "b"]) charges.charge(name);
  assert.equal([charges.count("a"), charges.count("b")], [2, 1]);
  for (const name of ["a", "b", "b", "c"]) charges.takeBack(name);
  assert.equal([charges.count("a"), charges.count("b"), charges.count("c")], [1, 0, 0]);
});

test("Charges forgets a name ten minutes after its last charge", () => {
  let now = 0;
  const charges = new Charges(() => now);
  charges.charge("a");
  now = 599_999;
  charges.charge("a");
  assert.is(charges.count("a"), 2);
  now += 599_999;
  assert.is(charges.count("a"), 2);
  now += 1;
  assert.is(charges.count("a"), 0);
  charges.charge("a");
  assert.is(charges.count("a"), 1);
});

test("Charges remembers ten thousand names, and forgets the one charged longest ago", () => {
  const charges = new Charges(() => 0);
  charges.charge("first");
  charges.charge("second");
  charges.charge("first");
  for (let index = 0; index < 9999; index += 1) charges.charge(`${index}`);
  assert.equal([charges.count("first"), charges.count("second")], [2, 0]);
  charges.charge("last");
  assert.is(charges.count("first"), 0);
});

test.run();
