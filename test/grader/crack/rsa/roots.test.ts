import { Buffer } from "node:buffer";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { concat } from "../../../../lib/bytes/bytes.ts";
import { toBytes } from "../arithmetic/modular.ts";
import { Budget } from "../capture/budget.ts";
import { knownForms } from "../capture/known.ts";
import { TEXT, viewsIn } from "../samples/captures.ts";
import { findRoots } from "./roots.ts";

test("findRoots takes the cube root of several blocks, without a key", () => {
  const cubes = (TEXT.match(/.{1,40}/g) ?? []).map(
    (part) => BigInt(`0x${Buffer.from(part).toString("hex")}`) ** 3n,
  );
  for (const sent of [
    cubes.map((cube) => cube.toString(16)).join(","),
    concat(cubes.map((cube) => concat([Uint8Array.of(0, 0, 1, 0), toBytes(cube, 256)]))),
  ]) {
    const [proof] = findRoots(viewsIn([sent]), knownForms([TEXT]), new Budget());
    assert.is(proof?.recovered, TEXT);
    assert.is(proof?.kind, "public key suffices");
  }
  const others = cubes.map((cube) => (cube + 2n).toString(16)).join(",");
  assert.equal(findRoots(viewsIn([others]), knownForms([TEXT]), new Budget()), []);
});

test.run();
