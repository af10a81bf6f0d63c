/** The manifest of a submission with this repository's layout, which needs none of its own. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command, ProgramManifest, TaskManifest } from "./manifest.ts";
import { describeFtp, FTP_FOLDER } from "./own-ftp.ts";

interface Place {
  folder: string;
  /** Scripts beside server and client. */
  scripts?: string[];
  prepare?: Command[];
  server?: string[];
  client?: string[];
  /** More clients, by the names of their keys. */
  clients?: string[];
}

const KEYS = ["--keys", "keys"];
const OTHER_KEYS = ["--keys", "other-keys"];
/** Makes a key for each name. The clients find no server, but store their keys first. */
const makeKeys = (folder: string, ...names: string[]): Command[] => {
  const make = (name: string) => `node ${folder}/client.mjs --keys keys --name ${name} --port 1 hello &`;
  const check = (name: string) => `test -e keys/${name}.pub.pem`;
  return [["sh", "-c", `${names.map(make).join(" ")} wait; ${names.map(check).join(" && ")}`]];
};
const LISTED = ["client", "second"];

const PLACES: Record<string, Place> = {
  part1: { folder: "part1" },
  part2: { folder: "part2" },
  "01": { folder: "exercises/01-persisted-keys", server: KEYS, client: KEYS },
  "02": {
    folder: "exercises/02-refactor",
    prepare: makeKeys("exercises/02-refactor", "server", "client"),
    server: KEYS,
    client: KEYS,
  },
  "03": {
    folder: "exercises/03-allow-list",
    scripts: ["allow"],
    prepare: [
      ...makeKeys("exercises/03-allow-list", "server", ...LISTED, "stranger"),
      ...LISTED.map(
        (name): Command => [
          "node",
          ...["exercises/03-allow-list/allow.mjs", "--allowed", "allowed.csv"],
          ...["add", name, `keys/${name}.pub.pem`],
        ],
      ),
    ],
    server: [...KEYS, "--allowed", "allowed.csv"],
    client: [...KEYS, "--name", "client"],
    clients: ["second", "stranger"],
  },
  "04": {
    folder: "exercises/04-port-switching",
    prepare: makeKeys("exercises/04-port-switching", "server", "client"),
    server: KEYS,
    client: KEYS,
  },
  "05": { folder: FTP_FOLDER },
};

/** Compiles as tsx does, but once: Node then starts in half the time. */
const COMPILE: Command = [
  "esbuild",
  ...["--bundle", "--packages=external", "--platform=node", "--format=esm", "--target=node20"],
  ...["--outdir=.", "--outbase=.", "--out-extension:.js=.mjs", "--log-level=warning"],
];

/** Returns the tasks whose folders are in `folder`. */
export function ownLayout(folder: string): Record<string, TaskManifest> {
  const here = Object.entries(PLACES).filter(([, { folder: own }]) =>
    existsSync(join(folder, own, "server.ts")),
  );
  return Object.fromEntries(
    here.map(([id, place]) => {
      const task = describe(place);
      if (place.folder !== FTP_FOLDER) return [id, task];
      const { prepare, ...rest } = describeFtp();
      return [id, { ...task, ...rest, prepare: [...task.prepare, ...prepare] }];
    }),
  );
}

function describe({
  folder,
  scripts = [],
  prepare = [],
  server = [],
  client = [],
  clients = [],
}: Place): TaskManifest {
  const program = (script: string, text: string, flags: string[]): ProgramManifest => ({
    command: [
      "node",
      `${folder}/${script}.mjs`,
      "--host",
      "{host}",
      "--port",
      "{port}",
      ...flags,
      "--",
      text,
    ],
    next: [],
    stdin: [],
    env: {},
  });
  const others = clients.map(
    (name) => [name, program("client", "{message}", [...KEYS, "--name", name])] as const,
  );
  return {
    folder: ".",
    prepare: [
      [...COMPILE, ...["server", "client", ...scripts].map((script) => `${folder}/${script}.ts`)],
      ...prepare,
    ],
    programs: {
      server: program("server", "{reply}", server),
      client: program("client", "{message}", client),
      ...Object.fromEntries(others),
      ...(server.includes("--keys") && {
        "other-server": program("server", "{reply}", [...OTHER_KEYS, ...server.slice(KEYS.length)]),
      }),
    },
    port: undefined,
    shared: [],
    secrets: [],
    texts: {},
    edits: [],
    hosts: [],
    files: undefined,
    passwords: [],
    timeout: 60,
  };
}
