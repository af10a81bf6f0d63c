/** What a failed trial teaches: rules that change a plan, each for one thing that programs say. */
import { posix } from "node:path";
import type { Side } from "../model/direction.ts";
import { argumentsFor, argumentsOfUsage } from "./arguments.ts";
import { launchOf } from "./build.ts";
import { addressesIn, fileNamesIn, stringsIn } from "./literals.ts";
import type { Plan } from "./plan.ts";
import { type Entry, findServers, sourcesOf } from "./programs.ts";
import { findPython } from "./pythons.ts";
import type { Source } from "./sources.ts";
import type { Observation } from "./trial.ts";

export interface Facts {
  sources: readonly Source[];
  files: readonly string[];
}

export interface Improved {
  plan: Plan;
  /** In words, for the user. */
  why: string;
}

/** Returns improvements, the likeliest first. */
type Rule = (plan: Plan, seen: Observation, facts: Facts) => (Improved | undefined)[];

const SIDES = ["server", "client"] as const;
const NO_MODULE = /(?:ModuleNotFoundError|ImportError): No module named '?([\w.]+)/;
export const PYTHON_2 =
  /SyntaxError: Missing parentheses in call to 'print'|NameError: name 'raw_input' is not defined/;
const TOO_FEW_ARGUMENTS =
  /list index out of range|ArrayIndexOutOfBounds|not enough values to unpack|index out of range|IndexOutOfRange/;
const MISSING_FILE = [
  /No such file or directory[^'"\n]*['"]([^'"\n]+)['"]/,
  /FileNotFoundException: (\S+) \(No such file/,
  /NoSuchFileException: (\S+)/,
  /ENOENT[^'"\n]*['"]([^'"\n]+)['"]/,
  /([\w./-]+\.\w+)['"]?: No such file/,
];
const UNKNOWN_HOST = /UnknownHostException: ([\w.-]+)|ENOTFOUND ([\w.-]+)/;
const NO_ADDRESS =
  /gaierror|Name or service not known|Temporary failure in name resolution|Cannot assign requested address|Network is unreachable|EADDRNOTAVAIL|ENETUNREACH|No route to host/;
/** Where a source names another machine. */
const HOST_NAMES = [
  /\b\w*(?:host|server|ip|addr)\w*\s*=\s*["']([A-Za-z0-9][A-Za-z0-9.-]*)["']/gi,
  /\b(?:connect|create_connection|gethostbyname|Socket|Dial|createConnection)\s*\(+\s*["']([A-Za-z0-9][A-Za-z0-9.-]*)["']/g,
];
const OWN_NAME = /^localhost$|^[\d.]+$/;
const REFUSED = /denied|invalid|incorrect|wrong|fail|unknown|not found|unauthori[sz]ed|rejected/i;
/** `"alice": "secret"`, or with a hash around it. */
const USER = /["'](\w{2,32})["']\s*:\s*(?:[\w.]+\()*b?["']([^"'\n]{3,64})["']/g;
const MAX_USERS = 2;
const WRITES =
  /["'](?:wb?\+?|xb?)["']|\bFileOutputStream\b|\bFileWriter\b|\bwriteFile|Files\.write|\bofstream\b/;
const READS_INPUT = /\binput\s*\(|\bscanf\s*\(|\bScanner\b|readline/;

/** Returns the first improvement that is not in `tried`, and adds it. */
export function improve(
  plan: Plan,
  seen: Observation,
  facts: Facts,
  tried: Set<string>,
): Improved | undefined {
  for (const improved of RULES.flatMap((rule) => rule(plan, seen, facts))) {
    if (improved === undefined || tried.has(keyOf(improved.plan))) continue;
    tried.add(keyOf(improved.plan));
    return improved;
  }
  return undefined;
}

/** Identifies a plan among those of a pair. */
export function keyOf({ pair: _, ...plan }: Plan): string {
  return JSON.stringify(plan);
}

const otherPython: Rule = (plan, seen) => {
  const output = outputOf(seen);
  const module = NO_MODULE.exec(output)?.[1]?.split(".")[0];
  const isOld = PYTHON_2.test(output);
  if (module === undefined && !isOld) return [];
  const python = findPython(isOld ? undefined : module, isOld ? 2 : 3);
  if (python === undefined) return [];
  const launches = { server: launchOf(plan.pair.server, python), client: launchOf(plan.pair.client, python) };
  return [
    {
      plan: { ...plan, launches },
      why: isOld ? "it is Python 2" : `${python} has the module ${module}`,
    },
  ];
};

const missingFile: Rule = (plan, seen, facts) => {
  for (const side of SIDES) {
    const name = missingFileOf(seen[side].output);
    if (name === undefined) continue;
    const improved =
      moveTo(plan, side, name, facts) ?? runScript(plan, name, facts) ?? share(plan, side, name);
    if (improved) return [improved];
  }
  return [];
};

/** The file is there, but seen from another folder. */
function moveTo(plan: Plan, side: Side, name: string, { files }: Facts): Improved | undefined {
  const found = files.find((path) => path === name || path.endsWith(`/${name}`));
  const launch = plan.launches[side];
  const { path } = plan.pair[side].source;
  const folder =
    found === undefined ? undefined : posix.normalize(found.slice(0, -name.length) || ".").replace(/\/$/, "");
  if (folder === undefined || folder === launch.folder || launch.prepare.length > 0) return undefined;
  const from = posix.basename(path);
  const command = launch.command.map((word) => (word === from ? posix.relative(folder, path) : word));
  const [first = "", ...rest] = command;
  const moved = {
    ...launch,
    folder,
    command: [first, ...rest] satisfies [string, ...string[]] as [string, ...string[]],
  };
  return {
    plan: { ...plan, launches: { ...plan.launches, [side]: moved } },
    why: `the ${side} looks for ${name} from ${folder}`,
  };
}

/** A third program of the submission makes the file. */
function runScript(plan: Plan, name: string, { sources }: Facts): Improved | undefined {
  const base = posix.basename(name);
  const { folder } = plan.launches.server;
  const maker = sources.find(
    (source) =>
      ![...sourcesOf(plan.pair.server), ...sourcesOf(plan.pair.client)].includes(source) &&
      WRITES.test(source.code) &&
      !READS_INPUT.test(source.code) &&
      stringsIn(source).some((text) => text.includes(base)),
  );
  if (!maker || folder !== plan.launches.client.folder) return undefined;
  const entry: Entry = { source: maker, imports: [] };
  const launch = launchOf(entry, pythonOf(plan));
  if (launch.folder !== folder) return undefined;
  return {
    plan: { ...plan, scripts: [...plan.scripts, ...launch.prepare, launch.command] },
    why: `${maker.path} makes ${name}`,
  };
}

/** The other program makes the file, and both sides have it. */
function share(plan: Plan, side: Side, name: string): Improved | undefined {
  const other = side === "server" ? "client" : "server";
  const isMentioned = fileNamesIn(sourcesOf(plan.pair[other])).includes(name);
  if (
    !isMentioned ||
    plan.shared.includes(name) ||
    plan.launches.server.folder !== plan.launches.client.folder
  )
    return undefined;
  return {
    plan: { ...plan, shared: [...plan.shared, name] },
    why: `the ${other} makes ${name}, which the ${side} reads`,
  };
}

const usage: Rule = (plan, seen) => {
  for (const side of SIDES) {
    const { output, ending } = seen[side];
    if (!ending) continue;
    const words = argumentsOfUsage(output, side);
    if (words === undefined || words.join("\0") === plan.arguments[side].join("\0")) continue;
    return [{ plan: withArguments(plan, side, words), why: `the ${side} printed its usage` }];
  }
  return [];
};

const GUESSES: Record<Side, string[][]> = {
  server: [["{port}"], ["{host}", "{port}"], ["{port}", "{reply}"], ["{host}", "{port}", "{reply}"]],
  client: [
    ["{host}", "{port}"],
    ["{host}", "{port}", "{message}"],
    ["{port}"],
    ["{message}"],
    ["{port}", "{message}"],
  ],
};

const moreArguments: Rule = (plan, seen) => {
  for (const side of SIDES) {
    if (!seen[side].ending || !TOO_FEW_ARGUMENTS.test(seen[side].output)) continue;
    const at = GUESSES[side].findIndex((words) => words.join() === plan.arguments[side].join());
    const words = GUESSES[side][at + 1];
    if (words) return [{ plan: withArguments(plan, side, words), why: `the ${side} lacks arguments` }];
  }
  return [];
};

const otherHosts: Rule = (plan, seen) => {
  if (seen.connections.length > 0) return [];
  const sources = SIDES.flatMap((side) => sourcesOf(plan.pair[side]));
  const output = outputOf(seen);
  const unknown = UNKNOWN_HOST.exec(output)
    ?.slice(1)
    .find((name) => name !== undefined);
  const isUnknown = NO_ADDRESS.test(output);
  const names = HOST_NAMES.flatMap((pattern) =>
    sources.flatMap(({ code }) => [...code.matchAll(pattern)].map(([, name = ""]) => name)),
  ).filter((name) => isUnknown && !OWN_NAME.test(name));
  const found = [...addressesIn(sources), ...(unknown === undefined ? [] : [unknown]), ...names];
  const hosts = [...new Set([...plan.hosts, ...found])].slice(0, 8);
  if (hosts.length === plan.hosts.length) return [];
  return [{ plan: { ...plan, hosts }, why: `the source names ${hosts.join(", ")}` }];
};

const ipv6: Rule = (plan, seen) => {
  const { listeners } = seen.server;
  const is6 =
    listeners.length > 0 &&
    listeners.every(({ address, only6 }) => address === "::1" || (address === "::" && only6));
  if (!is6 || seen.connections.length > 0 || !plan.arguments.client.includes("{host}")) return [];
  const words = plan.arguments.client.map((word) => (word === "{host}" ? "::1" : word));
  return [{ plan: withArguments(plan, "client", words), why: "the server listens on IPv6 only" }];
};

const noArguments: Rule = (plan, seen) => {
  const side = SIDES.find((each) => plan.arguments[each].length > 0 && seen[each].ending !== undefined);
  if (side === undefined || seen.connections.length > 0) return [];
  return [{ plan: withArguments(plan, side, []), why: `the ${side} may need no arguments` }];
};

/** A second client plays the server: what the first one says must reach it. */
const chatRoom: Rule = (plan, seen) => {
  const { pair, launches } = plan;
  const isSilent = !seen.arrived.reply && !seen.server.typed.some(({ role }) => role === "message");
  const given = [...plan.arguments.client, ...seen.client.typed.map(({ line }) => line)];
  const isGiven = given.some((word) => word.includes("{message}"));
  if (
    plan.relay ||
    seen.connections.length === 0 ||
    !isSilent ||
    !isGiven ||
    pair.server.source === pair.client.source
  )
    return [];
  const relay = { path: pair.server.source.path, launch: launches.server, arguments: plan.arguments.server };
  const second = plan.arguments.client.map((word) => word.replaceAll("{message}", "{reply}"));
  return [
    {
      plan: {
        ...plan,
        pair: { ...pair, server: pair.client },
        launches: { ...launches, server: launches.client },
        arguments: { ...plan.arguments, server: second },
        relay,
      },
      why: "the server only relays, so a second client answers",
    },
  ];
};

/** Both programs ask a third one first, such as an authority that knows all public keys. */
const authority: Rule = (plan, seen, { sources }) => {
  if (plan.relay || !/refused/i.test(outputOf(seen))) return [];
  const own = [plan.pair.server.source, plan.pair.client.source];
  return findServers(sources)
    .filter(({ source }) => !own.includes(source))
    .map((entry) => ({
      plan: {
        ...plan,
        relay: {
          path: entry.source.path,
          launch: launchOf(entry, pythonOf(plan)),
          arguments: argumentsFor(entry.source, "server"),
        },
      },
      why: `both programs may need ${entry.source.path}`,
    }));
};

/** A login: the server's source may have the users. */
const credentials: Rule = (plan, seen) => {
  const asked = SIDES.flatMap((side) => seen[side].typed.map(({ role }) => role));
  if (!asked.includes("password") || !REFUSED.test(outputOf(seen))) return [];
  const users = SIDES.flatMap((side) => sourcesOf(plan.pair[side])).flatMap(({ code }) => [
    ...code.matchAll(USER),
  ]);
  return users.slice(0, MAX_USERS).map(([, name = "", password = ""]) => ({
    plan: { ...plan, answers: { ...plan.answers, name, password } },
    why: `the source has the user ${name}`,
  }));
};

const RULES: readonly Rule[] = [
  otherPython,
  missingFile,
  usage,
  moreArguments,
  otherHosts,
  ipv6,
  credentials,
  authority,
  noArguments,
  chatRoom,
];

/** Returns the Python that the server runs on, for a third program. */
function pythonOf({ pair, launches }: Plan): string | undefined {
  return pair.server.source.language.name === "Python" ? launches.server.command[0] : undefined;
}

function withArguments(plan: Plan, side: Side, words: string[]): Plan {
  return { ...plan, arguments: { ...plan.arguments, [side]: words } };
}

function outputOf(seen: Observation): string {
  return `${seen.server.output}\n${seen.client.output}`;
}

/** Returns the file that a program could not open, relative to its folder. */
export function missingFileOf(output: string): string | undefined {
  for (const pattern of MISSING_FILE) {
    const name = pattern.exec(output)?.[1];
    if (name !== undefined) return posix.normalize(name.replace(/^\/work\//, ""));
  }
  return undefined;
}
