import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { throws } from "../../support/rejects.ts";
import { withFolder } from "../../support/temporary.ts";
import { assertPublished, readPublished } from "../fakes/published-schema.ts";
import { loadManifest, parseManifest } from "./load.ts";
import { manifestSchema } from "./manifest.ts";

const SCHEMA_FILE = new URL("submission.schema.json", import.meta.url);
const accepts = readPublished(SCHEMA_FILE);
const program = { command: ["python3", "x.py"] };
const pair = { server: program, client: program };

/** A manifest whose only task has these fields too. */
function withTask(fields: object): unknown {
  return { tasks: { part2: { ...pair, ...fields } } };
}

function withServer(fields: object): unknown {
  return withTask({ server: { ...program, ...fields } });
}

const GOOD: Record<string, unknown> = {
  "the least": withTask({}),
  "every task": {
    tasks: Object.fromEntries(["part1", "part2", "01", "02", "03", "04", "06", "07"].map((id) => [id, pair])),
  },
  "all fields": {
    $schema: "./submission.schema.json",
    name: "Team 7",
    tasks: {
      part2: {
        folder: "lab 2/src",
        prepare: [["javac", "Server.java"], ["true"]],
        server: {
          command: ["java", "Server", "{port}", ""],
          stdin: ["", "line", { wait: "> " }, { seconds: 0.5 }, { end: true }],
        },
        client: { command: ["java", "Client"], env: { K: "", _k2: "v" } },
        programs: { stranger: program, "second-client": program },
        port: 65535,
        shared: ["server_public.pem", "keys/a..b.pem", ".hidden"],
        texts: { message: "hello", reply: "hi" },
        edits: [{ file: "Client.java", find: "192.168.0.7", replace: "" }],
        hosts: ["lab-pc", "192.168.0.7", "a.example.org"],
        timeout: 600,
      },
    },
  },
};

const FILES = { server: "shared", client: "." };
const BOTH = { put: "out", get: "in/copy of {name}" };

/** A manifest of 05 with these fields too. */
function withFiles(fields: object): unknown {
  return { tasks: { "05": { ...pair, files: FILES, ...fields } } };
}

Object.assign(GOOD, {
  "files in one folder": withFiles({}),
  "files in several": withFiles({ files: { server: BOTH, client: BOTH }, passwords: ["12345678"] }),
  "several commands": withTask({ client: { ...program, next: [["a"], ["b", ""]] } }),
});

const BAD: Record<string, [manifest: unknown, error: string]> = {
  "no object": [[], "expected an object, got []"],
  null: [null, "expected an object, got null"],
  "no tasks": [{}, "the field tasks is missing"],
  "empty tasks": [{ tasks: {} }, "tasks: expected at least one task, got {}"],
  "tasks in an array": [{ tasks: [] }, "tasks: expected an object, got []"],
  "unknown task": [{ tasks: { part3: pair } }, 'tasks: unknown field "part3"; did you mean part1?'],
  "unknown field": [withTask({ sharde: [] }), 'tasks.part2: unknown field "sharde"; did you mean shared?'],
  "nothing like it": [
    { ...Object(withTask({})), colour: 1 },
    'unknown field "colour"; expected one of $schema, name, tasks',
  ],
  "name that is no string": [{ name: 7, ...Object(withTask({})) }, "name: expected a string, got 7"],
  "schema that is no string": [{ $schema: 7, ...Object(withTask({})) }, "$schema: expected a string, got 7"],
  "no files in 05": [{ tasks: { "05": pair } }, "tasks.05: the field files is missing"],
  "texts in 05": [
    withFiles({ texts: {} }),
    'tasks.05: unknown field "texts"; expected one of folder, prepare, server, client, programs, port, shared, secrets, edits, hosts, timeout, files, passwords',
  ],
  "files elsewhere": [
    withTask({ files: FILES }),
    'tasks.part2: unknown field "files"; expected one of folder, prepare, server, client, programs, port, shared, secrets, edits, hosts, timeout, texts',
  ],
  "files of one side": [withFiles({ files: { server: "x" } }), "tasks.05.files: the field client is missing"],
  "files outside": [
    withFiles({ files: { server: "../x", client: "y" } }),
    'tasks.05.files.server: expected a path below the folder, with / and without "..", got "../x"',
  ],
  "files one way": [
    withFiles({ files: { server: { put: "x" }, client: "y" } }),
    "tasks.05.files.server: the field get is missing",
  ],
  "files as a list": [
    withFiles({ files: { server: ["x"], client: "y" } }),
    'tasks.05.files.server: expected a folder, or {"put": path, "get": path}, got ["x"]',
  ],
  "password that turns up by chance": [
    withFiles({ passwords: ["1234567"] }),
    'tasks.05.passwords[0]: expected a password of 8 characters or more, which does not turn up by chance, got "1234567"',
  ],
  "next as one command": [
    withTask({ client: { ...program, next: ["a"] } }),
    'tasks.part2.client.next[0]: expected an array of strings, got "a"',
  ],
  "secret above": [
    withTask({ secrets: ["../key"] }),
    'tasks.part2.secrets[0]: expected a path below the folder, with / and without "..", got "../key"',
  ],
  "relay as text": [
    withServer({ relay: "python3 room.py" }),
    'tasks.part2.server.relay: expected an array of strings, got "python3 room.py"',
  ],
  "no client": [{ tasks: { "01": { server: program } } }, "tasks.01: the field client is missing"],
  "program without command": [withTask({ client: {} }), "tasks.part2.client: the field command is missing"],
  "command as text": [
    withTask({ client: { command: "python3 client.py" } }),
    'tasks.part2.client.command: expected an array of strings, got "python3 client.py"',
  ],
  "command with a number": [
    withServer({ command: ["nc", 5000] }),
    "tasks.part2.server.command[1]: expected a string, got 5000",
  ],
  "empty command": [
    withServer({ command: [] }),
    "tasks.part2.server.command: expected a program to begin with, got []",
  ],
  "command that begins with nothing": [
    withServer({ command: ["", "x"] }),
    'tasks.part2.server.command[0]: expected a program to begin with, got ""',
  ],
  "NUL in a command": [
    withServer({ command: ["x", "a\0"] }),
    'tasks.part2.server.command[1]: expected a string without NUL characters, got "a\\\\u0000"',
  ],
  "stdin as text": [withServer({ stdin: "x" }), 'tasks.part2.server.stdin: expected an array, got "x"'],
  "stdin with a number": [
    withServer({ stdin: [1] }),
    'tasks.part2.server.stdin[0]: expected a string, {"wait": text}, {"seconds": number} or {"end": true}, got 1',
  ],
  "two things at once": [
    withServer({ stdin: [{ wait: "a", seconds: 1 }] }),
    'tasks.part2.server.stdin[0]: expected a string, {"wait": text}, {"seconds": number} or {"end": true}, got {"wait":"a","seconds":1}',
  ],
  "waiting for nothing": [
    withServer({ stdin: ["", { wait: "" }] }),
    'tasks.part2.server.stdin[1].wait: expected a string that is not empty, got ""',
  ],
  "end that is false": [
    withServer({ stdin: [{ end: false }] }),
    "tasks.part2.server.stdin[0].end: expected true, got false",
  ],
  "a pause of no time": [
    withServer({ stdin: [{ seconds: 0 }] }),
    "tasks.part2.server.stdin[0].seconds: expected seconds, more than 0 and at most 600, got 0",
  ],
  "env in an array": [
    withServer({ env: ["A=B"] }),
    'tasks.part2.server.env: expected an object, got ["A=B"]',
  ],
  "env with a number": [withServer({ env: { A: 1 } }), "tasks.part2.server.env.A: expected a string, got 1"],
  "env with a bad name": [
    withServer({ env: { "A=B": "" } }),
    'tasks.part2.server.env: expected names of environment variables, got "A=B"',
  ],
  "folder above": [
    withTask({ folder: "../other" }),
    'tasks.part2.folder: expected a path below the folder, with / and without "..", got "../other"',
  ],
  "folder above, later": [
    withTask({ folder: "a/../.." }),
    'tasks.part2.folder: expected a path below the folder, with / and without "..", got "a/../.."',
  ],
  "folder above, behind a line break": [
    withTask({ folder: "a\n/.." }),
    'tasks.part2.folder: expected a path below the folder, with / and without "..", got "a\\\\n/.."',
  ],
  "absolute folder": [
    withTask({ folder: "/etc" }),
    'tasks.part2.folder: expected a path below the folder, with / and without "..", got "/etc"',
  ],
  "empty folder": [
    withTask({ folder: "" }),
    'tasks.part2.folder: expected a path below the folder, with / and without "..", got ""',
  ],
  "shared with backslashes": [
    withTask({ shared: ["a\\b"] }),
    'tasks.part2.shared[0]: expected a path below the folder, with / and without "..", got "a\\\\\\\\b"',
  ],
  "shared as text": [withTask({ shared: "a" }), 'tasks.part2.shared: expected an array, got "a"'],
  "prepare as one command": [
    withTask({ prepare: ["javac", "Server.java"] }),
    'tasks.part2.prepare[0]: expected an array of strings, got "javac"',
  ],
  "a second server": [
    withTask({ programs: { server: program } }),
    'tasks.part2.programs: expected names of small letters, digits and hyphens, other than server and client, got "server"',
  ],
  "a program with a long name": [
    withTask({ programs: { ["x".repeat(33)]: program } }),
    `tasks.part2.programs: expected names of small letters, digits and hyphens, other than server and client, got "${"x".repeat(33)}"`,
  ],
  "a field of another program": [
    withTask({ programs: { stranger: { ...program, stdinn: [] } } }),
    'tasks.part2.programs.stranger: unknown field "stdinn"; did you mean stdin?',
  ],
  "port 0": [withTask({ port: 0 }), "tasks.part2.port: expected a whole number from 1 to 65535, got 0"],
  "port as text": [
    withTask({ port: "5000" }),
    'tasks.part2.port: expected a whole number from 1 to 65535, got "5000"',
  ],
  "half a port": [
    withTask({ port: 0.5 }),
    "tasks.part2.port: expected a whole number from 1 to 65535, got 0.5",
  ],
  "empty text": [
    withTask({ texts: { message: "" } }),
    'tasks.part2.texts.message: expected a string that is not empty, got ""',
  ],
  "a text of neither side": [
    withTask({ texts: { answer: "x" } }),
    'tasks.part2.texts: unknown field "answer"; expected one of message, reply',
  ],
  "edit without find": [
    withTask({ edits: [{ file: "a", replace: "" }] }),
    "tasks.part2.edits[0]: the field find is missing",
  ],
  "edit of nothing": [
    withTask({ edits: [{ file: "a", find: "", replace: "" }] }),
    'tasks.part2.edits[0].find: expected a string that is not empty, got ""',
  ],
  "host with a port": [
    withTask({ hosts: ["lab-pc:80"] }),
    'tasks.part2.hosts[0]: expected a host name or an IPv4 address, got "lab-pc:80"',
  ],
  "two hosts in one": [
    withTask({ hosts: ["a b"] }),
    'tasks.part2.hosts[0]: expected a host name or an IPv4 address, got "a b"',
  ],
  "no time": [
    withTask({ timeout: -1 }),
    "tasks.part2.timeout: expected seconds, more than 0 and at most 600, got -1",
  ],
  "too much time": [
    withTask({ timeout: 601 }),
    "tasks.part2.timeout: expected seconds, more than 0 and at most 600, got 601",
  ],
  "a long value": [
    withTask({ timeout: "x".repeat(100) }),
    `tasks.part2.timeout: expected seconds, more than 0 and at most 600, got "${"x".repeat(59)}…`,
  ],
};

for (const [name, manifest] of Object.entries(GOOD)) {
  test(`manifest and schema take ${name}`, () => {
    parseManifest(manifest, "x");
    assert.ok(accepts(manifest));
  });
}

for (const [name, [manifest, error]] of Object.entries(BAD)) {
  test(`manifest and schema refuse ${name}`, () => {
    throws(() => parseManifest(manifest, "x"), error);
    assert.not.ok(accepts(manifest));
  });
}

const MISSPELLED: Record<string, [manifest: unknown, error: string]> = {
  "in a command": [
    withServer({ command: ["python3", "s.py", "--port={prot}"] }),
    'tasks.part2.server.command[2]: expected {port} instead of {prot}, got "--port={prot}"',
  ],
  "in the input": [
    withServer({ stdin: ["{Message}"] }),
    'tasks.part2.server.stdin[0]: expected {message} instead of {Message}, got "{Message}"',
  ],
  "in an environment variable": [
    withServer({ env: { PORT: "{ports}" } }),
    'tasks.part2.server.env.PORT: expected {port} instead of {ports}, got "{ports}"',
  ],
  "in an edit": [
    withTask({ edits: [{ file: "a", find: "x", replace: "{replay}" }] }),
    'tasks.part2.edits[0].replace: expected {reply} instead of {replay}, got "{replay}"',
  ],
};

for (const [where, [manifest, error]] of Object.entries(MISSPELLED))
  test(`a manifest is refused for a misspelled placeholder ${where}`, () =>
    throws(() => parseManifest(manifest, "x"), error));

test("braces that are no placeholder are left alone", () => {
  const command = ["awk", "{print}", "{x}", "{}", "{ port }", "{port}"];
  assert.equal(
    parseManifest(withServer({ command }), "").tasks["part2"]?.programs["server"]?.command,
    command,
  );
});

test("submission.schema.json is up to date", () => assertPublished(SCHEMA_FILE, manifestSchema));

test("absent fields of a manifest get defaults", () => {
  const filled = { command: ["python3", "x.py"], next: [], stdin: [], env: {} };
  assert.equal(parseManifest(withTask({}), "Team 8"), {
    name: "Team 8",
    tasks: {
      part2: {
        folder: ".",
        prepare: [],
        programs: { server: filled, client: filled },
        port: undefined,
        shared: [],
        secrets: [],
        texts: {},
        edits: [],
        hosts: [],
        files: undefined,
        passwords: [],
        timeout: 60,
      },
    },
  });
});

test("a folder stands for the files in it, both ways", () => {
  const both = { put: "out/{name}", get: "in/copy of {name}" };
  const read = (files: object) => parseManifest(withFiles({ files }), "").tasks["05"]?.files;
  assert.equal(read(FILES), {
    server: { put: "shared/{name}", get: "shared/{name}" },
    client: { put: "./{name}", get: "./{name}" },
  });
  assert.equal(read({ server: BOTH, client: BOTH }), { server: both, client: both });
});

test("loadManifest reads submission.json, with a byte order mark or without, or another file", () =>
  withFolder(async (folder) => {
    const own = join(folder, "submission.json");
    writeFileSync(own, `\ufeff${JSON.stringify({ name: "own", ...Object(withTask({})) })}`);
    assert.is(loadManifest(folder).name, "own");
    const other = join(folder, "teacher.json");
    writeFileSync(other, JSON.stringify(withTask({})));
    assert.is(loadManifest(folder, other).name, folder.split("/").at(-1));
  }));

test("loadManifest names the file in its errors", () =>
  withFolder(async (folder) => {
    const file = join(folder, "submission.json");
    writeFileSync(file, '{ "tasks": }');
    throws(() => loadManifest(folder), /submission\.json: line 1: it is not JSON: Unexpected token/);
    writeFileSync(file, '{\n  "tasks": {\n    "part1": 1,,\n  }\n}\n');
    throws(() => loadManifest(folder), /submission\.json: line 3: it is not JSON: /);
    writeFileSync(file, '{\n  "tasks": {}\n\n');
    throws(() => loadManifest(folder), /submission\.json: line 2: it is not JSON: /);
    writeFileSync(file, '{ "tasks": 1 }');
    throws(() => loadManifest(folder), `${file}: tasks: expected an object, got 1`);
    writeFileSync(file, " ".repeat((1 << 20) + 1));
    throws(() => loadManifest(folder), `${file}: expected at most 1 MiB, got 1048577 bytes`);
    throws(() => loadManifest(folder, join(folder, "no")), `${folder}/no: there is no such file`);
    throws(() => loadManifest(join(folder, "no")), `${folder}/no: there is no such folder`);
  }));

test("our own layout needs no manifest, and may be there in part", () =>
  withFolder(async (folder) => {
    throws(() => loadManifest(folder), /there is neither a submission\.json nor this repository's layout/);
    const put = (path: string) => {
      mkdirSync(join(folder, path), { recursive: true });
      writeFileSync(join(folder, path, "server.ts"), "");
    };
    put("part2");
    assert.equal(Object.keys(loadManifest(folder).tasks), ["part2"]);
    put("exercises/01-persisted-keys");
    const { tasks } = loadManifest(folder);
    assert.equal(Object.keys(tasks), ["part2", "01"]);
    assert.equal(tasks["01"]?.programs["client"]?.command, [
      ...["node", "exercises/01-persisted-keys/client.mjs", "--host", "{host}", "--port", "{port}"],
      ...["--keys", "keys", "--", "{message}"],
    ]);
  }));

test("the manifests of our own layout are such as can be written", () => {
  const { tasks } = loadManifest(new URL("../../..", import.meta.url).pathname);
  for (const [id, { programs, port: _, texts, files, passwords, ...task }] of Object.entries(tasks)) {
    const { server, client, ...others } = programs;
    const carried = files ? { files, passwords } : { texts };
    const written = { tasks: { [id]: { ...task, ...carried, server, client, programs: others } } };
    assert.ok(accepts(written), id);
    assert.equal(parseManifest(written, "").tasks[id]?.programs, programs);
  }
});

test.run();
