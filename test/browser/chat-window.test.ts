/**
 * The window of exercise 07 in a real browser: Debian's Chromium. Screenshots go to the folder
 * `screenshots` beside this file.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { createServer, get } from "node:http";
import { createRequire } from "node:module";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeUtf8 } from "../../lib/bytes/bytes.ts";
import { cuttableRelay } from "../support/cuttable-relay.ts";
import { findText } from "../support/find-text.ts";
import { type KeyFolder, makeKeyFolder } from "../support/key-folder.ts";
import { Program, TSX } from "../support/launch.ts";

const FOLDER = "exercises/07-chat";
const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const SCREENSHOTS = fileURLToPath(new URL("screenshots", import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TIMEOUT = 60_000;

let browser: Browser;
let keys: KeyFolder;
let programs: Program[] = [];
let pages: Page[] = [];
test.before(async () => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
});
test.after(() => browser.close());
test.before.each(async () => {
  keys = await makeKeyFolder({ server: "rsa-2048-a", client: "rsa-2048-b", other: "rsa-2048-c" });
});
test.after.each(async () => {
  await Promise.all(pages.map((page) => page.close()));
  await Promise.all(programs.map((program) => program.stop()));
  [pages, programs] = [[], []];
  await keys.remove();
});

function start(script: string, person: string, ...flags: string[]): Program {
  const command = [...TSX, `${FOLDER}/${script}.ts`, person, "--keys", keys.path, ...flags];
  const program = new Program(command, { keepOpen: true });
  programs.push(program);
  return program;
}

function windowOf(program: Program): Promise<string> {
  return program.waitFor(/^Window: +(\S+)$/m);
}

async function openPage(url: string): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(TIMEOUT);
  pages.push(page);
  await page.goto(url);
  return page;
}

/** Waits until an element that `selector` names contains `text`. */
async function shows(page: Page, selector: string, text: string): Promise<void> {
  await page.locator(selector, { hasText: text }).first().waitFor();
}

async function say(page: Page, text: string): Promise<void> {
  await page.fill("#text", text);
  await page.press("#text", "Enter");
}

/** Starts both sides with their windows, and waits until they have met. */
async function meet() {
  const server = start("server", "Alice", "--port", "0");
  const port = await server.port();
  const client = start("client", "Bob", "--port", String(port), "--timeout", "60");
  const alice = await openPage(await windowOf(server));
  const bob = await openPage(await windowOf(client));
  await shows(alice, "#status", "Bob is here");
  await shows(bob, "#status", "Alice is here");
  return { server, client, alice, bob };
}

/** Returns what axe-core finds wrong. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(
    "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))",
  );
}

test("two windows: typing, texts, marks, the same words on both sides, leaving", async () => {
  const { server, client, alice, bob } = await meet();
  await bob.locator("#text").pressSequentially("Where");
  await shows(alice, "#typing", "Bob is typing");
  await say(bob, "Where shall we meet?");
  await shows(alice, ".peer", "Where shall we meet?");
  await shows(bob, ".me.delivered", "delivered");
  await say(alice, "By the bridge.\nAt noon. שלום 🌉");
  await shows(bob, ".peer", "By the bridge.\nAt noon. שלום 🌉");
  const phrases = await Promise.all(
    [alice, bob].map(async (page) => {
      await page.locator("summary").click();
      await page.waitForFunction("document.getElementById('phrase').textContent.split(' ').length === 8");
      return page.locator("#phrase").textContent();
    }),
  );
  assert.is(phrases[0], phrases[1]);
  await shows(alice, "#peer-key", `${keys.fingerprint("client")} (new: never met before`);
  await bob.click("#leave");
  await shows(alice, "#status", "Bob has left");
  await shows(bob, "#status", "The program has ended");
  assert.is((await client.ending).status, 0);
  server.child.kill("SIGINT");
  assert.is((await server.ending).status, 0);
  await shows(alice, "#status", "The program has ended");
});

test("HTML and scripts in names and texts are text", async () => {
  const server = start("server", "<b>Alice</b>", "--port", "0");
  const port = await server.port();
  const client = start(
    "client",
    "<img src=x onerror=document.title=1>",
    "--port",
    String(port),
    "--timeout",
    "60",
  );
  const alice = await openPage(await windowOf(server));
  const bob = await openPage(await windowOf(client));
  await shows(bob, "#status", "<b>Alice</b> is here");
  const evil = `<script>document.title = "stolen"</script><img src=x onerror='document.title = "stolen"'>`;
  await say(bob, evil);
  await shows(alice, ".peer .words", evil);
  await shows(alice, "h1", "<img src=x onerror=document.title=1>");
  for (const page of [alice, bob]) {
    assert.is(await page.locator("img, #log script, h1 b").count(), 0);
    assert.not.match(await page.title(), /^1|stolen/);
  }
});

test("history comes back on a reload, and two pages of one process show the same", async () => {
  const { server, alice, bob } = await meet();
  await say(bob, "before");
  await shows(alice, ".peer", "before");
  await alice.reload();
  await shows(alice, ".peer", "before");
  const second = await openPage(await windowOf(server));
  await shows(second, ".peer", "before");
  await say(second, "from the second page");
  for (const page of [alice, second]) await shows(page, ".me.delivered", "from the second page");
});

test("a text over the limit is refused with the limit; a thousand texts leave the page usable", async () => {
  const { alice, bob } = await meet();
  await bob.fill("#text", "x".repeat(5_000_000));
  await bob.press("#text", "Enter");
  await shows(bob, "#problem", "Too long: 5000000 bytes, at most 262144 can be sent.");
  await bob.fill("#text", "");
  await bob.evaluate(`(async () => {
    const [input, form] = [document.getElementById("text"), document.getElementById("form")];
    for (let number = 1; number <= 1000; number += 1) {
      input.value = "text " + number;
      form.requestSubmit();
      if (number % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })()`);
  await say(bob, "the last");
  await shows(alice, ".peer", "the last");
  await shows(alice, "#forgotten", "older lines are no longer kept");
  assert.is(await alice.locator("#log li").count(), 500);
  await say(alice, "still usable");
  await shows(bob, ".peer", "still usable");
});

test("a cut is shown, and the talk goes on; the wire carries no text", async () => {
  const server = start("server", "Alice", "--port", "0");
  const relay = await cuttableRelay(await server.port());
  try {
    const client = start("client", "Bob", "--port", String(relay.port), "--timeout", "60");
    const [alice, bob] = [await openPage(await windowOf(server)), await openPage(await windowOf(client))];
    await shows(bob, "#status", "Alice is here");
    relay.cut();
    await shows(bob, "#status", "Alice is cut off");
    await say(bob, "said while cut off");
    relay.mend();
    await shows(alice, ".peer", "said while cut off");
    await shows(bob, ".me.delivered", "said while cut off");
    assert.equal(findText(relay.captured(), "said while cut off"), []);
    assert.is.not(findText(encodeUtf8("said while cut off"), "while cut").length, 0);
  } finally {
    relay.close();
  }
});

test("a changed key is shown in words, and refused", async () => {
  const { server, client, alice, bob } = await meet();
  await bob.click("#leave");
  await client.ending;
  await shows(alice, "#status", "Bob has left");
  const port = String(await server.port());
  start("client", "Bob", "--port", port, "--name", "other", "--timeout", "60");
  await shows(alice, ".note", "THE KEY OF Bob HAS CHANGED");
  await shows(alice, "#status", "Bob has left");
});

/** Asks the page's server for `path`, with these headers; returns the status. */
function ask(url: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on("upgrade", (_response, socket) => {
      socket.destroy();
      resolve(101);
    });
    request.on("error", reject);
  });
}

test("a foreign page, a rebound name and a page without the token get nothing", async () => {
  const server = start("server", "Alice", "--port", "0");
  const url = new URL(await windowOf(server));
  // without the token, or with another
  for (const hash of ["", `#${"A".repeat(44)}`]) {
    const page = await openPage(`${url.origin}/${hash}`);
    await shows(page, "#status", "Refused: open the address that the program has printed");
    assert.is(await page.locator("#own-key").textContent(), "");
  }
  // a name that was rebound to this machine
  assert.is(await ask(url.origin, { host: `evil.example:${url.port}` }), 421);
  const upgrade = {
    ...{ connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" },
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
  };
  const talk = `${url.origin}/talk`;
  const { origin, host } = url;
  assert.is(await ask(talk, { ...upgrade, host: `evil.example:${url.port}`, origin }), 403);
  assert.is(await ask(talk, { ...upgrade, host, origin: "http://evil.example" }), 403);
  assert.is(await ask(talk, { ...upgrade, host }), 403);
  assert.is(await ask(talk, { ...upgrade, host, origin }), 101);
  // a foreign page, on another port of this machine
  const foreign = createServer((_request, response) => response.end("<!doctype html><title>evil</title>"));
  await new Promise<void>((resolve) => foreign.listen(0, "127.0.0.1", resolve));
  const bound = foreign.address();
  try {
    const page = await openPage(`http://127.0.0.1:${typeof bound === "object" && bound ? bound.port : 0}/`);
    const outcome = await page.evaluate(`new Promise((resolve) => {
      const socket = new WebSocket("ws://${host}/talk");
      socket.onopen = () => resolve("open");
      socket.onerror = () => resolve("refused");
    })`);
    assert.is(outcome, "refused");
    const read = await page.evaluate(`fetch("${url.origin}/").then(() => "read", () => "refused")`);
    assert.is(read, "refused");
  } finally {
    foreign.closeAllConnections();
    foreign.close();
  }
});

test("the keyboard alone suffices", async () => {
  const { alice, bob } = await meet();
  for (let presses = 0; presses < 20; presses += 1) {
    await alice.keyboard.press("Tab");
    if (await alice.evaluate("document.activeElement.id === 'text'")) break;
  }
  await alice.keyboard.type("typed");
  await alice.keyboard.press("Shift+Enter");
  await alice.keyboard.type("on two lines");
  await alice.keyboard.press("Enter");
  await shows(bob, ".peer .words", "typed\non two lines");
});

test("at 1280 and 390 pixels, light and dark: nothing overflows, axe finds nothing", async () => {
  const { alice, bob } = await meet();
  await say(bob, "Where shall we meet?");
  await shows(alice, ".peer", "Where");
  await say(alice, "By the bridge, at noon. I will bring the map, and something to eat, so do not be late.");
  await shows(bob, ".peer", "By the bridge");
  await say(bob, "https://example.org/".padEnd(300, "x"));
  await shows(bob, ".me.delivered", "xxx");
  await say(bob, "שלום, bring an umbrella");
  await shows(alice, ".peer", "umbrella");
  await alice.locator("summary").click();
  await alice.waitForFunction("document.getElementById('phrase').textContent.split(' ').length === 8");
  for (const [name, page] of Object.entries({ alice, bob })) {
    for (const width of [1280, 390]) {
      for (const colorScheme of ["light", "dark"] as const) {
        await page.setViewportSize({ width, height: 800 });
        await page.emulateMedia({ colorScheme });
        await page.evaluate("log = document.getElementById('log'); log.scrollTop = log.scrollHeight");
        await page.screenshot({ path: `${SCREENSHOTS}/${name}-${width}-${colorScheme}.png` });
        assert.is(await page.evaluate("document.documentElement.scrollWidth"), width);
        assert.equal(await violations(page), []);
      }
    }
  }
});

test.run();
