/** What init could not find, and what to do about it. */
import { printable, quoted } from "../../../lib/bytes/printable.ts";
import { describeEnding } from "../model/ending.ts";
import { TEXTS } from "./answers.ts";
import { missingFileOf, PYTHON_2 } from "./improve.ts";
import type { Attempt } from "./investigate.ts";
import { usesUdp } from "./programs.ts";
import type { Source } from "./sources.ts";
import type { Observation, SeenProgram } from "./trial.ts";

const LAST_LINES = 4;
const LAST_CHARACTERS = 400;
/** Packages whose names differ from those of their modules. */
const PACKAGES: Partial<Record<string, string>> = {
  Crypto: "pycryptodome",
  Cryptodome: "pycryptodomex",
  nacl: "pynacl",
  OpenSSL: "pyopenssl",
  zmq: "pyzmq",
  PIL: "pillow",
  cv2: "opencv-python",
  dotenv: "python-dotenv",
  Xlib: "python-xlib",
};
const NO_DISPLAY =
  /TclError|no display|HeadlessException|cannot open display|No module named '?_?tkinter|\bcurses\.error|could not connect to display/i;

/** Returns why there is no pair of programs to try. */
export function whyNoPair(sources: readonly Source[], files: readonly string[]): string[] {
  if (files.some((path) => path.endsWith(".ipynb")))
    return ["the programs are in a notebook (.ipynb): save each as a script, and run init again"];
  if (sources.length === 0)
    return ["there is no source in a language that init knows; write the manifest by hand"];
  const languages = [...new Set(sources.map(({ language }) => language.name))].join(", ");
  const listens = sources.filter(({ code, language }) => language.listens.test(code)).map(({ path }) => path);
  const connects = sources
    .filter(({ code, language }) => language.connects.test(code))
    .map(({ path }) => path);
  return [
    `among ${sources.length} files of ${languages}, these listen: ${listens.join(", ") || "none"}; these connect: ${connects.join(", ") || "none"}`,
    "name both commands in a manifest by hand: see test/grader/writing-a-manifest.md",
  ];
}

/** Returns what an attempt could not find; empty if both texts arrive. */
export function problemsOf({ plan, seen, found, problem }: Attempt): string[] {
  if (problem !== undefined) return [`it cannot be built: ${printable(problem)}`];
  if (!seen || !found) return [];
  const known = [...new Set(["server", "client"] as const)].flatMap((side) => knownProblem(side, seen[side]));
  if (known.length > 0) return known;
  if (seen.server.listeners.length === 0) {
    if (usesUdp(plan.pair.server))
      return ["it uses UDP; the grader carries only TCP, so it cannot be graded"];
    return [`the server does not listen: ${stateOf(seen.server)}`];
  }
  if (seen.connections.length === 0)
    return [
      `the client does not connect to ${seen.server.listeners.map(({ address, port }) => `${address} port ${port}`).join(", ")}: ${stateOf(seen.client)}`,
    ];
  return [
    ...textProblem("message", found.message, { sender: "client", receiver: "server", seen: seen.server }),
    ...(isEcho(seen) && !found.reply.arrives
      ? ["the server sends the client's message back, and has no reply of its own"]
      : textProblem("reply", found.reply, { sender: "server", receiver: "client", seen: seen.client })),
  ];
}

/** The client shows its message after the prompts: as it was, or in capitals. */
function isEcho({ client, bytes }: Observation): boolean {
  return bytes.server > 0 && client.output.toLowerCase().includes(TEXTS.message);
}

function textProblem(
  which: string,
  { arrives, from }: { arrives: boolean; from: string },
  { sender, receiver, seen }: { sender: string; receiver: string; seen: SeenProgram },
): string[] {
  if (arrives) return [];
  return from === "none"
    ? [
        `the ${sender} was asked for no ${which}: it took none as an argument, at a prompt or from its source that the ${receiver} prints. The ${receiver} ${stateOf(seen)}`,
      ]
    : [
        `the ${sender} was given the ${which} (${from}), but the ${receiver} does not print it. The ${receiver} ${stateOf(seen)}`,
      ];
}

function knownProblem(side: string, { output }: SeenProgram): string[] {
  const module = /No module named '?([\w.]+)/.exec(output)?.[1]?.split(".")[0];
  if (NO_DISPLAY.test(output))
    return [`the ${side} opens a window, and there is no screen in a box: it cannot be graded as it is`];
  if (module !== undefined)
    return [
      `the Python module ${module} is missing: python3 -m pip install ${PACKAGES[module] ?? module}, for a Python that the shell finds, and run init again`,
    ];
  if (PYTHON_2.test(output))
    return [
      "it is written for Python 2, which this computer lacks: install one that the shell finds as python2, and run init again",
    ];
  const file = missingFileOf(output);
  if (file !== undefined)
    return [
      `the ${side} looks for the file ${quoted(file)}, which nothing in the submission makes: add it, or a command to "prepare"`,
    ];
  const node = /Cannot find (?:module|package) '([^'.][^']*)'/.exec(output)?.[1];
  return node === undefined
    ? []
    : [`the package ${node} is missing: npm install it in the submission, and run init again`];
}

/** Returns what became of a program: how it ended or what it waits for, and its last lines. */
function stateOf({ ending, isReading, output }: SeenProgram): string {
  const state = ending ? describeEnding(ending) : isReading ? "waits for input" : "is still running";
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  const last = lines.slice(-LAST_LINES).join("\n").slice(-LAST_CHARACTERS);
  return `${state}; ${last === "" ? "it printed nothing" : `its last lines: ${printable(last)}`}`;
}
