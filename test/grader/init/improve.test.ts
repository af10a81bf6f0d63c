/** What each complaint of a program changes. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { launchOf } from "./build.ts";
import { type Facts, improve } from "./improve.ts";
import { languageOf } from "./languages.ts";
import { type Plan, taskOf } from "./plan.ts";
import { findPairs } from "./programs.ts";
import type { Source } from "./sources.ts";
import type { Observation, SeenProgram } from "./trial.ts";

const LISTENS = "import socket\ns.bind(('', 5000))\ns.listen()\n";
const CONNECTS = "import socket\ns.connect((HOST, 5000))\n";
const ENDED = { status: 1, stopReason: undefined };

function source(path: string, code: string): Source {
  const language = languageOf(path);
  if (!language) throw new TypeError(path);
  return { path, language, text: code, code };
}

interface Case {
  /** Sources by path; the server listens, the client connects. */
  sources?: Record<string, string>;
  files?: string[];
  arguments?: Partial<Plan["arguments"]>;
  server?: Partial<SeenProgram>;
  client?: Partial<SeenProgram>;
  connections?: number[];
}

/** Returns the task after one improvement, and why; undefined if there is none. */
function improved(given: Case) {
  const texts = { "server.py": "", "client.py": "", ...given.sources };
  const sources = Object.entries(texts).map(([path, code]) => {
    const role = path.endsWith("server.py") ? LISTENS : path.endsWith("client.py") ? CONNECTS : "";
    return source(path, role + code);
  });
  const [pair] = findPairs(sources);
  if (!pair) throw new TypeError("no pair");
  const plan: Plan = {
    pair,
    launches: { server: launchOf(pair.server), client: launchOf(pair.client) },
    arguments: { server: [], client: [], ...given.arguments },
    scripts: [],
    hosts: [],
    shared: [],
    relay: undefined,
    answers: {},
  };
  const idle: SeenProgram = { output: "", typed: [], ending: undefined, isReading: false, listeners: [] };
  const seen: Observation = {
    server: { ...idle, ...given.server },
    client: { ...idle, ...given.client },
    connections: given.connections ?? [],
    bytes: { server: 0, client: 0 },
    arrived: { message: false, reply: false },
  };
  const facts: Facts = { sources, files: given.files ?? [] };
  const result = improve(plan, seen, facts, new Set());
  return result && { task: taskOf(result.plan), answers: result.plan.answers, why: result.why };
}

test("improve changes nothing without a reason", () => {
  assert.is(improved({}), undefined);
});

test("improve follows a printed usage", () => {
  const client = { output: "usage: client.py <host> <port>", ending: ENDED };
  assert.equal(improved({ client })?.task.client.command, ["python3", "client.py", "{host}", "{port}"]);
});

test("improve adds arguments if there are too few", () => {
  const server = { output: "IndexError: list index out of range", ending: ENDED };
  assert.equal(improved({ server })?.task.server.command, ["python3", "server.py", "{port}"]);
});

test("improve drops arguments that help nothing", () => {
  const server = { output: "no such address", ending: ENDED };
  const found = improved({ server, arguments: { server: ["{host}"] } });
  assert.equal(found?.task.server.command, ["python3", "server.py"]);
});

test("improve lets addresses and names in the source lead to the server", () => {
  const unreachable = { output: "OSError: [Errno 101] Network is unreachable" };
  const sources = { "client.py": "HOST = '192.168.1.7'" };
  assert.equal(improved({ sources, client: unreachable })?.task.hosts, ["192.168.1.7"]);
  const unknown = { output: "socket.gaierror: [Errno -2] Name or service not known" };
  assert.equal(
    improved({ sources: { "client.py": "serverName = 'hostname'" }, client: unknown })?.task.hosts,
    ["hostname"],
  );
  // a name with a character that no host name has would make the manifest invalid
  assert.is(improved({ sources: { "client.py": "host = 'my_host'" }, client: unknown }), undefined);
});

test("improve connects by IPv6 to a server that listens on nothing else", () => {
  const server = { listeners: [{ address: "::1", port: 5000, only6: false }] };
  const found = improved({ server, arguments: { client: ["{host}"] } });
  assert.equal(found?.task.client.command, ["python3", "client.py", "::1"]);
});

test("improve runs the script that makes a missing file", () => {
  const server = {
    output: "FileNotFoundError: [Errno 2] No such file or directory: 'secret.key'",
    ending: ENDED,
  };
  const sources = { "make_key.py": "open('secret.key', 'wb').write(k)" };
  assert.equal(improved({ sources, server })?.task.prepare, [["python3", "make_key.py"]]);
  // one that asks for something would wait for ever
  const asks = { "make_key.py": "open(input('file'), 'wb').write(k); 'secret.key'" };
  assert.is(improved({ sources: asks, server }), undefined);
});

test("improve shares a file that the other program makes", () => {
  const client = { output: "No such file or directory: 'server_pub.pem'", ending: ENDED };
  const sources = { "server.py": "open('server_pub.pem', 'wb')" };
  assert.equal(improved({ sources, client })?.task.shared, ["server_pub.pem"]);
});

test("improve starts a program where its files are", () => {
  const client = { output: "No such file or directory: 'keys/pub.pem'", ending: ENDED };
  const moved = improved({ files: ["data/keys/pub.pem"], client });
  assert.equal(moved?.task.client.command, [
    "sh",
    "-c",
    'cd "$0" && exec "$@"',
    "data",
    "python3",
    "../client.py",
  ]);
  assert.is(improved({ files: ["keys/pub.pem"], client }), undefined); // it is there already
});

test("improve lets a second client answer where the server only relays", () => {
  const client = { typed: [{ role: "message" as const, line: "{message}", prompt: "" }] };
  const found = improved({ client, connections: [5000] });
  assert.equal(found?.task.server, { relay: ["python3", "server.py"], command: ["python3", "client.py"] });
});

test("improve starts an authority first that both programs ask", () => {
  const client = { output: "ConnectionRefusedError: [Errno 111] Connection refused", ending: ENDED };
  const found = improved({ sources: { "authority_server.py": "" }, client });
  assert.equal(found?.task.server.relay?.[1]?.endsWith("server.py"), true);
  assert.not.equal(found?.task.server.relay, found?.task.server.command);
});

test("improve logs in as a user of the source", () => {
  const client = { output: "login failed", typed: [{ role: "password" as const, line: "x", prompt: "" }] };
  const sources = { "server.py": 'users = {"carol": sha256(b"builder").hexdigest()}' };
  assert.equal(improved({ sources, client })?.answers, { name: "carol", password: "builder" });
});

test("improve never returns a plan twice", () => {
  const tried = new Set<string>();
  const pair = findPairs([source("server.py", LISTENS), source("client.py", CONNECTS)])[0];
  if (!pair) throw new TypeError("no pair");
  const idle: SeenProgram = { output: "", typed: [], ending: undefined, isReading: false, listeners: [] };
  const seen: Observation = {
    server: { ...idle, output: "list index out of range", ending: ENDED },
    client: idle,
    connections: [],
    bytes: { server: 0, client: 0 },
    arrived: { message: false, reply: false },
  };
  let plan: Plan | undefined = {
    pair,
    launches: { server: launchOf(pair.server), client: launchOf(pair.client) },
    arguments: { server: [], client: [] },
    scripts: [],
    hosts: [],
    shared: [],
    relay: undefined,
    answers: {},
  };
  let count = 0;
  for (; plan !== undefined && count < 100; count += 1)
    plan = improve(plan, seen, { sources: [], files: [] }, tried)?.plan;
  assert.ok(count < 20, `${count} plans`);
});

test.run();
