/**
 * Manifests to start from, one for each task and language. Their commands follow one convention
 * (`server PORT REPLY`, `client HOST PORT MESSAGE`), which a student adapts to the own programs.
 */

/** Returns the command that runs a program of a submission. */
type Run = (program: string, ...args: string[]) => string[];

interface Language {
  run: Run;
  /** The commands that compile these programs. */
  build: (programs: readonly string[]) => string[][];
}

const capitalized = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
const interpreted = (command: string, extension: string): Language => ({
  run: (program, ...args) => [command, `${program}.${extension}`, ...args],
  build: () => [],
});
const compiled = (command: (program: string) => string[]): Language => ({
  run: (program, ...args) => [`./${program}`, ...args],
  build: (programs) => programs.map(command),
});

const BY_NAME: Record<string, Language> = {
  python: interpreted("python3", "py"),
  node: interpreted("node", "js"),
  typescript: interpreted("tsx", "ts"),
  java: {
    run: (program, ...args) => ["java", capitalized(program), ...args],
    build: (programs) => [["javac", ...programs.map((program) => `${capitalized(program)}.java`)]],
  },
  go: compiled((program) => ["go", "build", "-o", program, `${program}.go`]),
  c: compiled((program) => ["cc", "-o", program, `${program}.c`, "-lcrypto"]),
};

export const LANGUAGES = Object.keys(BY_NAME);

const SERVER = ["{port}", "{reply}"];
const CLIENT = ["{host}", "{port}", "{message}"];
const PASSWORD = "correct horse battery";
/** The impostor has the client's public key, which is on the list, and another private one. */
const IMPOSTOR = ["sh", "-c", "cp client.pub impostor.pub && cp stranger.key impostor.key"];

/** The parts of a task's manifest that differ from those of part 1. */
const TASKS: Record<string, (run: Run) => { programs?: string[]; prepare?: string[][]; fields: object }> = {
  part1: plain,
  part2: plain,
  "01": plain,
  "02": plain,
  "03": (run) => {
    const client = (name: string) => ({ command: run("client", ...CLIENT, name) });
    return {
      programs: ["server", "client", "keys"],
      prepare: [
        run("keys", "server", "client", "second", "stranger"),
        run("keys", "--allow", "client", "second"),
        IMPOSTOR,
      ],
      fields: {
        server: { command: run("server", ...SERVER) },
        client: client("client"),
        programs: { second: client("second"), stranger: client("stranger"), impostor: client("impostor") },
      },
    };
  },
  "04": plain,
  "05": (run) => {
    const client = (...lines: string[]) => ({
      command: run("client", "{host}", "{port}"),
      stdin: [...lines, "quit"].flatMap((line) => [{ wait: "> " }, line]),
    });
    return {
      prepare: [["mkdir", "-p", "shared", "mine"]],
      fields: {
        server: { command: run("server", "{port}") },
        client: client(`login alice ${PASSWORD}`, "put {put}", "get {get}"),
        programs: { list: client(`login alice ${PASSWORD}`, "ls") },
        files: { server: "shared", client: "mine" },
        passwords: [PASSWORD],
      },
    };
  },
};

export const TEMPLATE_TASKS = Object.keys(TASKS);

function plain(run: Run) {
  return {
    fields: { server: { command: run("server", ...SERVER) }, client: { command: run("client", ...CLIENT) } },
  };
}

/** Returns a manifest as JSON values; undefined for an unknown task or language. */
export function manifestTemplate(task: string, language: string): object | undefined {
  const describe = Object.hasOwn(TASKS, task) ? TASKS[task] : undefined;
  const known = Object.hasOwn(BY_NAME, language) ? BY_NAME[language] : undefined;
  if (describe === undefined || known === undefined) return undefined;
  const { programs = ["server", "client"], prepare = [], fields } = describe(known.run);
  const commands = [...known.build(programs), ...prepare];
  return {
    tasks: { [task]: { folder: ".", ...(commands.length > 0 && { prepare: commands }), ...fields } },
  };
}
