/**
 * report/html.ts and what it is made of, read by another parser: nothing runs, nothing is fetched,
 * every link leads somewhere.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { askPython, hasPython } from "../../support/python.ts";
import { ATTACKS, FLIPPED, HOSTILE_TEXTS, hostileReport, LONG, SAMPLE } from "../fakes/sample-report.ts";
import type { DiagramEntry } from "../model/report.ts";
import { elide } from "./diagram-entries.ts";
import { reportPage } from "./html.ts";
import { markup } from "./markup.ts";
import { drawDiagram } from "./sequence-diagram.ts";
import { STYLESHEET } from "./stylesheet.ts";
import { outputLines, shorten } from "./visible.ts";

// every start tag with its attributes, every end tag, and all text
const READ_HTML = `
import html.parser, json, sys
class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.text, self.open, self.wrong = [], [], [], []
    def handle_starttag(self, tag, attributes):
        self.tags.append([tag, dict(attributes)])
        if tag not in ("meta", "br", "link", "img"): self.open.append(tag)
    def handle_startendtag(self, tag, attributes): self.tags.append([tag, dict(attributes)])
    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag: self.wrong.append(tag)
    def handle_data(self, data): self.text.append(data)
    def handle_comment(self, data): self.wrong.append("comment")
reader = Reader()
reader.feed(sys.stdin.buffer.read().decode("utf-8", "strict"))
reader.close()
json.dump({"tags": reader.tags, "text": "".join(reader.text), "wrong": reader.wrong + reader.open}, sys.stdout)
`;
const READ_SVG = `
import json, sys, xml.etree.ElementTree as tree
root = tree.fromstring(sys.stdin.buffer.read())
json.dump({"tags": sorted({e.tag for e in root.iter()}), "text": ["".join(e.itertext()) for e in root.iter("text")],
  "box": [float(n) for n in root.get("viewBox").split()],
  "y": [float(e.get(k)) for e in root.iter() for k in ("y", "y1", "y2", "cy") if e.get(k)],
  "right": [float(e.get("x")) + float(e.get("width")) for e in root.iter("rect")]}, sys.stdout)
`;

interface Page {
  tags: [string, Record<string, string>][];
  text: string;
  wrong: string[];
}

const read = (html: string) => askPython<Page>(READ_HTML, html);
const pages = {
  sample: reportPage(SAMPLE),
  hostile: reportPage(hostileReport(), { href: "../class.html", title: "Class" }),
};
const NO_VALUE = "";

for (const [name, html] of Object.entries(pages)) {
  (hasPython ? test : test.skip)(`the page runs nothing and fetches nothing: ${name}`, () => {
    const { tags, wrong } = read(html);
    assert.equal(wrong, []);
    const names = new Set(tags.map(([tag]) => tag));
    for (const tag of ["script", "img", "link", "iframe", "object", "foreignobject", "style2", "base", "b"])
      assert.not.ok(names.has(tag), tag);
    assert.is(tags.filter(([tag]) => tag === "style").length, 1);
    for (const [tag, attributes] of tags)
      for (const [key, value] of Object.entries(attributes)) {
        assert.not.match(key, /^on|^src$|^xlink|^style$|^srcdoc$/, `${tag} ${key}`);
        if (key === "href") assert.match(value ?? NO_VALUE, /^#|^\.\.\/class\.html$/);
      }
    const policy = tags.find(([tag, attributes]) => tag === "meta" && "http-equiv" in attributes);
    assert.is(policy?.[1]["content"], "default-src 'none'; style-src 'unsafe-inline'");
    assert.not.match(STYLESHEET, /url\(|@import|<\//);
  });

  (hasPython ? test : test.skip)(
    `every link and label leads somewhere, and no id is there twice: ${name}`,
    () => {
      const { tags } = read(html);
      const ids = tags.flatMap(([, { id }]) => (id === undefined ? [] : [id]));
      assert.is(new Set(ids).size, ids.length);
      for (const [, attributes] of tags) {
        const links = [attributes["href"]?.startsWith("#") ? attributes["href"].slice(1) : undefined];
        for (const id of [...links, ...(attributes["aria-labelledby"]?.split(" ") ?? [])])
          if (id !== undefined) assert.ok(ids.includes(id), id);
      }
      for (const [, attributes] of tags.filter(([tag]) => tag === "svg"))
        assert.ok(attributes["aria-hidden"] === "true" || attributes["aria-labelledby"] !== undefined);
    },
  );

  test(`the page has no character that drives, hides or reorders: ${name}`, () => {
    assert.not.match(html.replaceAll("\n", ""), /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029\ufffe\uffff]/u);
  });
}

(hasPython ? test : test.skip)("the page says all there is to say", () => {
  const { text } = read(pages.sample);
  for (const part of [
    "Team 7",
    "65 / 120",
    "2 of 8 checks failed, 1 could not be shown",
    "the server refuses a message in which one bit was changed",
    'the server printed "meet me at the briege at noon 5c1f", which neither side sent',
    "an attacker on the wire",
    "Authenticate the ciphertext",
    "npm run grade -- team-7 --seed 4f1c --only part2/unaltered",
    "FLIPPED at byte 17",
    "bit 3 of byte 17, from a6 to ae",
    "part 2 does not promise this yet",
    "the second run of the server did not listen within 20 s",
    "ENOSPC",
    "memory is limited for each program",
    "THE-ATTACKED-ONE",
    "00000010 b2 0b 64",
  ])
    assert.ok(text.includes(part), part);
  assert.match(pages.sample, /c7 <mark>31 8a e3 3c<\/mark> 95/);
  assert.match(reportPage({ ...SAMPLE, isolation: { kind: "none", notes: [] } }), /not isolated/);
});

(hasPython ? test : test.skip)("hostile text arrives as text", () => {
  const { text } = read(pages.hostile);
  for (const part of [
    HOSTILE_TEXTS.script,
    HOSTILE_TEXTS.image,
    HOSTILE_TEXTS.attribute,
    HOSTILE_TEXTS.cdata,
  ])
    assert.ok(text.includes(part), part);
  assert.ok(text.includes("\\u{202e}gnp.exe"));
  assert.ok(text.includes("a\\u{0}b\\u{1b}[2J"));
  assert.ok(pages.hostile.length < 200_000, String(pages.hostile.length));
});

for (const diagram of [FLIPPED, ATTACKS, LONG]) {
  (hasPython ? test : test.skip)(`the picture is XML within its frame: ${diagram.title}`, () => {
    const svg = askPython<{
      tags: string[];
      text: string[];
      box: number[];
      y: number[];
      right: number[];
    }>(READ_SVG, drawDiagram(diagram, "id").source);
    assert.equal(
      svg.tags.filter(
        (tag) =>
          !["circle", "desc", "g", "line", "path", "rect", "svg", "text", "title", "tspan"].includes(tag),
      ),
      [],
    );
    const [, , width = 0, height = 0] = svg.box;
    assert.ok(Math.max(...svg.y) <= height && Math.min(...svg.y) >= 0);
    assert.ok(Math.max(...svg.right) <= width);
    assert.ok(height < 3000, String(height));
    const attacked = diagram.entries.flatMap((entry) =>
      entry.type === "frame" && entry.attack ? [entry.attack.detail] : [],
    );
    for (const detail of attacked) assert.ok(svg.text.includes(detail), detail);
  });
}

test("a flipped byte is marked, also far into the excerpt", () => {
  assert.match(drawDiagram(FLIPPED, "id").source, /95 <tspan class="hit-byte">a6<\/tspan> b7/);
});

function diagramOf(length: number, important: (index: number) => boolean): DiagramEntry[] {
  return Array.from({ length }, (_, at) =>
    important(at)
      ? { at, type: "printed", side: "server", stream: "stdout", text: "x", bad: true }
      : { at, type: "note", text: "n" },
  );
}

for (const at of [0, 1, 13, 14, 250, 486, 498, 499]) {
  test(`elide keeps the attacked entry ${at} of 500, and counts what it leaves out`, () => {
    const entries = diagramOf(500, (index) => index === at);
    const shown = elide(entries);
    assert.ok(shown.some((entry) => entry === entries[at]));
    assert.is(
      shown.reduce((sum, entry) => sum + (entry.type === "gap" ? entry.count : 1), 0),
      500,
    );
    assert.ok(shown.length <= 32, String(shown.length));
  });
}

test("elide keeps up to 60 attacked entries, and says how many more there are", () => {
  const entries = diagramOf(500, (index) => index % 10 === 5);
  for (const entry of entries) if (entry.type === "printed") assert.ok(elide(entries).includes(entry));
  const all = elide(diagramOf(500, () => true));
  assert.ok(all.length <= 64);
  assert.match(JSON.stringify(all), /438 of them attacked or wrong/);
  assert.is(elide(diagramOf(20, () => false)).length, 20);
});

test("shorten and outputLines count what they leave out", () => {
  assert.is(shorten("a".repeat(100), 100), "a".repeat(100));
  assert.is(shorten("a".repeat(1100), 100), `${"a".repeat(67)} [… 1,000 characters …] ${"a".repeat(33)}`);
  assert.is(shorten(`${"a".repeat(66)}🌉${"b".repeat(100)}`, 100).includes("\ud83c"), false);
  const lines = outputLines("line\n".repeat(5000), { characters: 100, lines: 6 });
  assert.equal(lines, ["line", "line", "line", "line", "[… 4,994 lines …]", "line", "line"]);
  assert.equal(outputLines("a\\n\r\nb\rc\n", { characters: 100, lines: 9 }), ["a\\\\n", "b\\rc"]);
});

test("markup escapes what is not markup, in text and attributes", () => {
  assert.is(
    markup`<a title="${'"><b>'}">${["<", markup`<i>${"&'"}</i>`, undefined, false, 7]}</a>`.source,
    '<a title="&quot;&gt;&lt;b&gt;">&lt;<i>&amp;&#39;</i>7</a>',
  );
});

for (const theme of STYLESHEET.matchAll(/:root \{([^}]*)\}/g)) {
  test(`all colours can be read: ${theme[1]?.trim().slice(0, 30)}`, () => {
    const colours = Object.fromEntries(
      [...(theme[1] ?? "").matchAll(/--([a-z-]+): (#[0-9a-f]{3,6});/g)].map(([, name, value]) => [
        name,
        value,
      ]),
    );
    for (const paper of ["paper", "panel"])
      for (const ink of ["ink", "muted", "accent", "good", "bad", "warn", "odd"])
        assert.ok(contrast(colours[ink] ?? "", colours[paper] ?? "") >= 4.5, `${ink} on ${paper}`);
    assert.ok(contrast(colours["bad"] ?? "", colours["bad-paper"] ?? "") >= 4.5);
  });
}

/** The contrast of two colours (WCAG 2.2, "contrast ratio"). */
function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const long = colour.length === 4 ? colour.replace(/[0-9a-f]/g, "$&$&") : colour;
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((index) => {
    const value = Number.parseInt(long.slice(index, index + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test.run();
