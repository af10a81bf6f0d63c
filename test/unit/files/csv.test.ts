import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatRows, parseTable, rewriteTable } from "../../../lib/files/csv.ts";
import { throws } from "../../support/rejects.ts";

const COLUMNS = ["name", "fingerprint", "comment"];
const cellsOf = (text: string) => parseTable(text, COLUMNS).rows.map(({ cells }) => cells);

const READ: [what: string, text: string, cells: string[][]][] = [
  ["no rows", "name,fingerprint,comment", []],
  ["a byte order mark", "\ufeffname,fingerprint,comment\na,b,c\n", [["a", "b", "c"]]],
  ["a byte order mark before a comment", "\ufeff# x\nname,fingerprint,comment\na,b,c\n", [["a", "b", "c"]]],
  [
    "CR LF",
    "name,fingerprint,comment\r\na,b,c\r\nd,e,f\r\n",
    [
      ["a", "b", "c"],
      ["d", "e", "f"],
    ],
  ],
  [
    "CR",
    "name,fingerprint,comment\ra,b,c\rd,e,f\r",
    [
      ["a", "b", "c"],
      ["d", "e", "f"],
    ],
  ],
  [
    "mixed line ends",
    "name,fingerprint,comment\r\na,b,c\nd,e,\r\n",
    [
      ["a", "b", "c"],
      ["d", "e", ""],
    ],
  ],
  ["no line end at the end", "name,fingerprint,comment\na,b,c", [["a", "b", "c"]]],
  ["rows of commas", "name,fingerprint,comment\n,,\na,b,c\n,,,,\n", [["a", "b", "c"]]],
  ["trailing commas", "name,fingerprint,comment,,\na,b,c,,\n", [["a", "b", "c"]]],
  [
    "missing last cells",
    "name,fingerprint,comment\na,b\nd\n",
    [
      ["a", "b", ""],
      ["d", "", ""],
    ],
  ],
  ["semicolons", "name;fingerprint;comment\r\na;b;c, d\r\n;;\r\n", [["a", "b", "c, d"]]],
  ["tabs", "name\tfingerprint\tcomment\na\tb\tc, d\n", [["a", "b", "c, d"]]],
  ["a quoted header", '"name";"fingerprint";"comment"\n"a";"b;";c\n', [["a", "b;", "c"]]],
  ["spaces around cells", " name , fingerprint,comment\n a,b ,\t c\n", [["a", "b", "c"]]],
  ["quoted cells", 'name,fingerprint,comment\n" a","b ""x"", y","1\n2"\n', [[" a", 'b "x", y', "1\n2"]]],
  [
    "empty lines and comments",
    '\n# 1\nname,fingerprint,comment\n\n # "2\na,b,#3\n\t\n#4',
    [["a", "b", "#3"]],
  ],
];
for (const [what, text, cells] of READ) {
  test(`parseTable reads ${what}`, () => assert.equal(cellsOf(text), cells));
}

const BAD: [what: string, text: string, reason: string][] = [
  ["an empty text", "", "line 1: expected name,fingerprint,comment"],
  ["comments only", "# a\n# b\n", "line 1: expected name,fingerprint,comment"],
  ["another header", "\n# x\nname,key,comment\n", "line 3: expected name,fingerprint,comment"],
  ["too many cells", "name,fingerprint,comment\r\n\r\n# x\ra,b,c,,d\n", "line 4: 5 cells, expected 3"],
  [
    "a quote that does not end",
    'name,fingerprint,comment\n"1\n2",b,c\n\na,"b\nc\nd\n',
    "line 5: its quotation marks are not balanced",
  ],
  [
    "a quote inside a cell",
    'name,fingerprint,comment\na,b"c"\n',
    "line 2: its quotation marks are not balanced",
  ],
  [
    "text behind a quote",
    'name,fingerprint,comment\na,"b"c\n',
    "line 2: its quotation marks are not balanced",
  ],
];
for (const [what, text, reason] of BAD) {
  test(`parseTable refuses ${what}, and names the line`, () =>
    throws(() => parseTable(text, COLUMNS), reason));
}

test("parseTable gives each row the number of its first line", () => {
  const text = 'name,fingerprint,comment\r\n# x\r\n"1\n2",b,c\n,,\n\rd,e,f\n';
  assert.equal(
    parseTable(text, COLUMNS).rows.map(({ line }) => line),
    [3, 7],
  );
});

test("formatRows and parseTable are each other's inverse for every cell", async () => {
  const cell = fc.string({
    unit: fc.oneof(fc.constantFrom(...'",;\t \r\n#'), fc.string({ unit: "grapheme", maxLength: 1 })),
  });
  const rows = fc.array(fc.tuple(fc.constantFrom("a", "b"), cell, cell), { maxLength: 4 });
  await fc.assert(
    fc.property(
      rows,
      fc.constantFrom(",", ";", "\t"),
      fc.constantFrom("\n", "\r\n"),
      (cells, delimiter, lineBreak) => {
        assert.equal(cellsOf(formatRows([COLUMNS, ...cells], { delimiter, lineBreak })), cells);
      },
    ),
  );
});

const LIST =
  '\ufeff# mine\r\nname;fingerprint;comment\r\n\r\n# about a\r\na ; "b" ;\n;;\r\nd;e;"1\r\n2"\r\n# end';
function rewritten(changes: Record<string, string[] | undefined>, added: string[][] = []): string {
  const table = parseTable(LIST, COLUMNS);
  const replaced = table.rows
    .filter(({ cells: [name = ""] }) => name in changes)
    .map((row) => ({ row, cells: changes[row.cells[0] ?? ""] }));
  return rewriteTable(table, { replaced, added });
}

test("rewriteTable changes only the given rows", () => {
  assert.is(rewritten({}), LIST);
  assert.is(rewritten({ a: undefined }), LIST.replace('a ; "b" ;\n', ""));
  assert.is(rewritten({ d: undefined }), LIST.replace('d;e;"1\r\n2"\r\n', ""));
  assert.is(rewritten({ a: ["a", "x; y", ""] }), LIST.replace('a ; "b" ;\n', 'a;"x; y";\r\n'));
  assert.is(rewritten({}, [["g", "h", "#i"]]), `${LIST}\r\ng;h;"#i"\r\n`);
  assert.is(
    rewritten({ a: undefined, d: ["d", "", " f"] }, [["g", "h", "i"]]),
    '\ufeff# mine\r\nname;fingerprint;comment\r\n\r\n# about a\r\n;;\r\nd;;" f"\r\n# end\r\ng;h;i\r\n',
  );
});

test.run();
