/** Exercise 06 as processes: a server with users, and clients of it. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MIN_ITERATIONS, makeCredential } from "../../exercises/06-login/scram.ts";
import { type Role, type User, userListFile } from "../../exercises/06-login/user-list.ts";
import { findFreePorts } from "./free-ports.ts";
import { type KeyFolder, makeKeyFolder } from "./key-folder.ts";
import { type Ending, Program, TSX } from "./launch.ts";
import { withFolder } from "./temporary.ts";

const FOLDER = "exercises/06-login";
/** For a busy machine. */
const PATIENCE = ["--timeout", "120"];
export const PASSWORD = "correct horse battery";

/** A line of the journal. */
export interface Line {
  user: string;
  session: string;
  number: number;
  text: string;
}

/** A folder with keys, users and a journal, and the programs that use them. */
export class LoginHouse {
  readonly keys: KeyFolder;
  readonly folder: string;
  readonly users: string;
  readonly journal: string;
  readonly log: string;
  readonly port: string;
  readonly #programs = new Set<Program>();

  constructor(keys: KeyFolder, folder: string, port: number) {
    this.keys = keys;
    this.folder = folder;
    this.users = join(folder, "users.csv");
    this.journal = join(folder, "journal.jsonl");
    this.log = join(folder, "log");
    this.port = String(port);
  }

  /** Starts the server, and waits until it listens. */
  async serve(...flags: string[]): Promise<Program> {
    const server = this.start("server.ts", ...this.serverFlags, ...flags);
    await server.port();
    return server;
  }

  get serverFlags(): string[] {
    const files = ["--users", this.users, "--journal", this.journal, "--log", this.log];
    return [...files, "--port", this.port, "--keys", this.keys.path, ...PATIENCE];
  }

  /** Starts a client as `user`, whose key has the same name; without a message, it reads lines. */
  client(user: string, args: string[] = [], options: { input?: string; keepOpen?: boolean } = {}): Program {
    const name = args.includes("--name") ? [] : ["--name", user];
    const where = ["--port", this.port, "--keys", this.keys.path, ...name];
    const patience = args.includes("--timeout") ? [] : PATIENCE;
    const password = args.includes("--password-file") ? [] : ["--password-file", this.passwordFile];
    return this.#add(
      new Program(
        [...TSX, `${FOLDER}/client.ts`, "--user", user, ...where, ...password, ...patience, ...args],
        options,
      ),
    );
  }

  /** Runs users.ts. */
  edit(...args: string[]): Promise<Ending> {
    return this.start("users.ts", "--users", this.users, ...args).ending;
  }

  start(script: string, ...args: string[]): Program {
    return this.#add(new Program([...TSX, `${FOLDER}/${script}`, ...args]));
  }

  get passwordFile(): string {
    return join(this.folder, "password");
  }

  async lines(): Promise<Line[]> {
    const text = await readFile(this.journal, "utf8");
    return text
      .split("\n")
      .slice(0, -1)
      .map((line): Line => JSON.parse(line));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#programs].map((program) => program.stop()));
  }

  #add(program: Program): Program {
    this.#programs.add(program);
    return program;
  }
}

/** Makes users with `PASSWORD`, at the least cost. */
export async function makeUsers(roles: Record<string, Role>): Promise<User[]> {
  const salt = new Uint8Array(16).fill(7);
  const credential = await makeCredential(PASSWORD, { salt, iterations: MIN_ITERATIONS });
  return Object.entries(roles).map(([name, role]) => ({ name, role, credential, isLocked: false }));
}

/** Lets `use` at a house with the users alice, an operator, bob and carol. */
export async function withHouse(use: (house: LoginHouse) => Promise<void>, parent?: string): Promise<void> {
  const keys = await makeKeyFolder({
    server: "rsa-3072",
    alice: "rsa-2048-a",
    bob: "rsa-2048-b",
    carol: "rsa-2048-c",
  });
  await withFolder(async (folder) => {
    const house = new LoginHouse(keys, folder, await findFreePorts(1));
    await writeFile(house.passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
    const users = await makeUsers({ alice: "operator", bob: "user", carol: "user" });
    await userListFile(house.users).edit(() => users);
    try {
      await use(house);
    } finally {
      await house.stop();
      await keys.remove();
    }
  }, parent);
}
