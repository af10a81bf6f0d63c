import { test } from "uvu";
import * as assert from "uvu/assert";
import { listImports } from "./imports.ts";

test("listImports returns values, types and files imported for nothing but their effect, in any layout", () => {
  const text = `
import { a } from "./a.ts";
import type { B } from "../b.ts";
import {
  c,
  type D,
} from "../up/c.ts";
import "./effect.ts";
export type { E } from "./e.ts";
const f = await import("./f.ts");
type G = typeof import("./g.ts");
`;
  assert.equal(listImports("lib/net/x.ts", text), [
    "lib/net/a.ts",
    "lib/b.ts",
    "lib/up/c.ts",
    "lib/net/effect.ts",
    "lib/net/e.ts",
    "lib/net/f.ts",
    "lib/net/g.ts",
  ]);
});

test("listImports leaves out packages, and text that only looks like an import", () => {
  const text = `
import fs from "node:fs";
export const from = "./a.ts";
  // import { a } from "./a.ts";
const quoted = 'import { a } from "./a.ts";';
`;
  assert.equal(listImports("x.ts", text), []);
});

test.run();
