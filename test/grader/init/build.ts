/** How a program is built, and started. */
import { posix } from "node:path";
import type { Command } from "../manifest/manifest.ts";
import { type Entry, sourcesOf } from "./programs.ts";
import type { Source } from "./sources.ts";

const { basename, dirname, relative } = posix;

export interface Launch {
  /** The folder in which it runs, relative to the submission. */
  folder: string;
  prepare: Command[];
  command: Command;
}

/** Where the compiler of Java puts classes. */
const CLASSES = "classes";
/** What the name of a compiled program ends with. */
const BUILT = ".out";

/** Libraries by what a source includes: the flags of the linker. */
const LIBRARIES: readonly (readonly [header: RegExp, flags: readonly string[]])[] = [
  [/<openssl\//, ["-lssl", "-lcrypto"]],
  [/<math\.h>|<cmath>/, ["-lm"]],
  [/<pthread\.h>|<thread>/, ["-pthread"]],
  [/<gmpxx\.h>/, ["-lgmpxx", "-lgmp"]],
  [/<gmp\.h>/, ["-lgmp"]],
  [/<sodium/, ["-lsodium"]],
  [/<gcrypt/, ["-lgcrypt"]],
  [/<boost\/asio/, ["-lboost_system", "-pthread"]],
  [/<crypto\+\+\//, ["-lcrypto++"]],
  [/<cryptopp\//, ["-lcryptopp"]],
];

/** Returns how to build and start a program. */
export function launchOf(entry: Entry, python = "python3"): Launch {
  const { source } = entry;
  const file = basename(source.path);
  switch (source.language.name) {
    case "Python":
      return pythonLaunch(entry, python);
    case "Java":
      return javaLaunch(entry);
    case "JavaScript":
      return interpreted(source, "node");
    case "TypeScript":
      return interpreted(source, "tsx");
    case "Perl":
      return interpreted(source, "perl");
    case "Ruby":
      return interpreted(source, "ruby");
    case "PHP":
      return interpreted(source, "php");
    case "C":
    case "C++": {
      const compiler = source.language.name === "C" ? "gcc" : "g++";
      return compiled(entry, (output, files) => [
        compiler,
        ...["-o", output, ...files],
        ...librariesOf(sourcesOf(entry)),
      ]);
    }
    case "Go":
      return compiled(entry, (output, files) => ["go", "build", "-o", output, ...files]);
    case "Rust":
      return compiled(entry, (output) => ["rustc", "-O", "-o", output, file]);
    case "C#": {
      const launch = compiled(entry, (output, files) => ["mcs", `-out:${output}`, ...files]);
      return { ...launch, command: ["mono", ...launch.command] };
    }
  }
}

function interpreted({ path }: Source, interpreter: string): Launch {
  return { folder: dirname(path), prepare: [], command: [interpreter, basename(path)] };
}

function compiled(entry: Entry, build: (output: string, files: string[]) => Command): Launch {
  const folder = dirname(entry.source.path);
  const output = `${basename(entry.source.path).replace(/\.\w+$/, "")}${BUILT}`;
  const files = sourcesOf(entry).map(({ path }) => relative(folder, path));
  return { folder, prepare: [build(output, files)], command: [`./${output}`] };
}

/** A file of a package is started as a module, from the folder above the package. */
function pythonLaunch({ source, imports }: Entry, python: string): Launch {
  const folder = dirname(source.path);
  const file = basename(source.path);
  const own = basename(folder);
  const named = new RegExp(`^\\s*(?:from|import)\\s+${own.replace(/\W/g, "\\$&")}\\.`, "m");
  const isModule =
    /^\s*from\s+\.+\w*\s+import/m.test(source.code) ||
    (named.test(source.code) && imports.some(({ path }) => dirname(path) === folder));
  if (folder === "." || !isModule) return { folder, prepare: [], command: [python, file] };
  return { folder: dirname(folder), prepare: [], command: [python, "-m", `${own}.${basename(file, ".py")}`] };
}

function javaLaunch(entry: Entry): Launch {
  const { source } = entry;
  const package_ = /^\s*package\s+([\w.]+)\s*;/m.exec(source.code)?.[1];
  const own = dirname(source.path);
  const inside = package_?.replaceAll(".", "/") ?? "";
  // the root of the packages, if the folders are named as Java wants them
  const isNested = inside !== "" && `/${own}`.endsWith(`/${inside}`);
  const folder = isNested ? own.slice(0, -inside.length).replace(/\/$/, "") || "." : own;
  const name = basename(source.path, ".java");
  const compile = ["-encoding", "UTF-8", "-nowarn", "-sourcepath", ".", "-d", CLASSES];
  return {
    folder,
    prepare: [["javac", ...compile, ...sourcesOf(entry).map(({ path }) => relative(folder, path))]],
    command: ["java", "-cp", CLASSES, package_ === undefined ? name : `${package_}.${name}`],
  };
}

function librariesOf(sources: readonly Source[]): string[] {
  const flags = LIBRARIES.filter(([header]) => sources.some(({ code }) => header.test(code))).flatMap(
    ([, each]) => each,
  );
  return [...new Set(flags)];
}
