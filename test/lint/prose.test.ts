import { test } from "uvu";
import * as assert from "uvu/assert";
import { findFaults, MAX_COLUMNS } from "./prose.ts";

const WIDE = "x".repeat(MAX_COLUMNS);

/** The faults as `line: message`. */
function faults(path: string, ...lines: string[]): string[] {
  return findFaults(path, lines.join("\n")).map(({ line, message }) => `${line}: ${message}`);
}

test("findFaults allows a comment of 100 columns and no more, indentation included", () => {
  assert.equal(faults("a.ts", `// ${WIDE.slice(3)}`, `  // ${WIDE.slice(5)}`), []);
  assert.equal(faults("a.ts", `// ${WIDE.slice(2)}`, `  // ${WIDE.slice(4)}`), [
    "1: comment of 101 columns, at most 100",
    "2: comment of 101 columns, at most 100",
  ]);
});

test("findFaults counts a character outside the basic plane as one column", () => {
  assert.equal(faults("a.ts", `// ${"😀".repeat(MAX_COLUMNS - 3)}`), []);
});

test("findFaults reads every line of a block comment, with or without a star", () => {
  assert.equal(faults("a.ts", `/** ${WIDE}`, ` * ${WIDE}`, WIDE, `${WIDE} */`, WIDE), [
    "1: comment of 104 columns, at most 100",
    "2: comment of 103 columns, at most 100",
    "4: comment of 103 columns, at most 100",
  ]);
  assert.equal(faults("a.ts", `/* one line: ${WIDE} */`, WIDE), ["1: comment of 116 columns, at most 100"]);
});

test("findFaults reads a comment behind code, and leaves code and strings alone", () => {
  assert.equal(faults("a.ts", `call(); // ${WIDE}`), ["1: comment of 111 columns, at most 100"]);
  assert.equal(faults("a.ts", `const page = "https://${WIDE}";`, `const code = 1 + ${WIDE};`), []);
});

test("findFaults reads Python, Perl and shell, and leaves the width of pages alone", () => {
  for (const path of ["a.py", "a.pl", "a.sh"]) {
    assert.equal(faults(path, `# ${WIDE}`, `x = 1  # ${WIDE}`, `x = "#${WIDE}"`), [
      "1: comment of 102 columns, at most 100",
      "2: comment of 109 columns, at most 100",
    ]);
  }
  assert.equal(faults("a.md", `# ${WIDE}`), []);
  assert.equal(faults("a.json", `// ${WIDE} nobody`), []);
});

test("findFaults names words that the style does not use, in any kind of text", () => {
  assert.equal(faults("a.ts", "// Whoever calls it", 'throw new Error("nobody listens");'), [
    '1: "whoever": name the agent',
    '2: "nobody": name the agent',
  ]);
  assert.equal(faults("a.md", "the name in clear", "it is told in the place of his text"), [
    '1: "in clear": in plaintext',
    '2: "his": name the agent, or write they',
    '2: "in the place of": instead of',
    '2: "is told": receives, reads or knows',
  ]);
});

test("findFaults leaves names and other words alone", () => {
  assert.equal(faults("a.ts", '"nobody.pub.pem", "nobody.invalid", nobody_else; // in clear words, the'), []);
});

test.run();
