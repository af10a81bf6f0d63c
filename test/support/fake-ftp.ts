/**
 * An FTP server in this process, without encryption. By default it keeps a few files in memory and
 * behaves well; `answer` replaces its behaviour for single commands.
 */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { clientData } from "../../exercises/05-ftp/ftp/client/data.ts";
import { FtpClient } from "../../exercises/05-ftp/ftp/client/ftp-client.ts";
import type { ClientData, Mechanism } from "../../exercises/05-ftp/protection.ts";
import { type Bytes, concat, encodeUtf8 } from "../../lib/bytes/bytes.ts";
import { readLines } from "../../lib/bytes/lines.ts";

const FEATURES = ["MLST type*;size*;modify*;", "REST STREAM", "SIZE", "MDTM", "UTF8"];

/** Encrypts nothing: other tests cover that. */
export const unprotected: Mechanism<ClientData> = {
  names: ["NOTHING"],
  protect: async (socket) => ({
    description: "nothing",
    control: socket,
    nextData: () => async (data) => clientData(data),
  }),
};

export interface Ask {
  verb: string;
  argument: string;
  /** Sends lines on the control connection. */
  say: (...lines: string[]) => void;
  /** Resolves with the data connection. */
  data: () => Promise<Socket>;
  control: Socket;
}

export interface FakeOptions {
  /** Handles a command and returns true, or returns false to get the default behaviour. */
  answer?: (ask: Ask) => Promise<boolean> | boolean;
  files?: Record<string, Bytes | string>;
  /** Additional entries of listings: whole lines of MLSD. */
  lines?: string[];
  features?: string[];
}

export class FakeFtp {
  readonly files = new Map<string, Bytes>();
  /** All commands received. */
  readonly log: string[] = [];
  readonly #options: FakeOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #passive: { server: Server; arrived: Promise<Socket> } | undefined;
  #offset = 0;

  static async start(options: FakeOptions = {}): Promise<FakeFtp> {
    const fake = new FakeFtp(options);
    await new Promise<void>((resolve) => fake.#server.listen(0, "127.0.0.1", resolve));
    return fake;
  }

  private constructor(options: FakeOptions) {
    this.#options = options;
    for (const [name, content] of Object.entries(options.files ?? {}))
      this.files.set(name, typeof content === "string" ? encodeUtf8(content) : content);
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#keep(socket);
      this.#serve(socket).catch(() => socket.destroy());
    });
  }

  get port(): number {
    return portOf(this.#server);
  }

  /** Returns a client that has logged in to this server. */
  async client(timeout = 60): Promise<FtpClient> {
    const address = { host: "127.0.0.1", port: this.port };
    const client = await FtpClient.connect(address, { mechanism: unprotected, timeout });
    await client.logIn("ann", "secret");
    return client;
  }

  /** Closes everything at once. */
  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#passive?.server.close();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #serve(control: Socket): Promise<void> {
    const say = (...lines: string[]) => void control.write(lines.map((line) => `${line}\r\n`).join(""));
    say("220 ready");
    for await (const line of readLines(control, 8192)) {
      this.log.push(line);
      const [, verb = "", argument = ""] = /^(\S+) ?(.*)$/.exec(line) ?? [];
      const ask: Ask = { verb, argument, say, data: () => this.#data(), control };
      if (!(await this.#options.answer?.(ask))) await this.#behave(ask);
    }
  }

  async #behave({ verb, argument, say, data }: Ask): Promise<void> {
    const file = this.files.get(argument);
    switch (verb) {
      case "AUTH":
        return say("234 go on");
      case "USER":
        return say("331 and the password?");
      case "PASS":
        return say("230 come in");
      case "FEAT":
        return say(
          "211-These:",
          ...(this.#options.features ?? FEATURES).map((name) => ` ${name}`),
          "211 End",
        );
      case "PWD":
        return say('257 "/a ""b"""');
      case "EPSV":
        return say(`229 there (|||${await this.#listen()}|)`);
      case "PASV": {
        const port = await this.#listen();
        return say(`227 there (9,9,9,9,${port >> 8},${port & 255})`);
      }
      case "CWD":
        return say(file ? "550 it is a file" : "250 you are there");
      case "SIZE":
        return say(file ? `213 ${file.length}` : "550 no such file");
      case "MDTM":
        return say("213 20200102030405");
      case "MLST":
        if (argument === "folder") return say("250-it", " type=dir; folder", "250 End");
        return file
          ? say("250-it", ` type=file;size=${file.length};modify=20200102030405; ${argument}`, "250 End")
          : say("550 there is nothing");
      case "REST":
        this.#offset = Number(argument);
        return say("350 and now?");
      case "MLSD": {
        const lines = [...this.files].map(([name, { length }]) => `type=file;size=${length}; ${name}`);
        return this.#send(encodeUtf8([...lines, ...(this.#options.lines ?? [])].join("\r\n")), say, data);
      }
      case "RETR": {
        if (!file) return say("550 no such file");
        const rest = file.subarray(this.#offset);
        this.#offset = 0;
        return this.#send(rest, say, data);
      }
      case "STOR": {
        say("150 send it");
        const chunks: Bytes[] = [(file ?? new Uint8Array()).slice(0, this.#offset)];
        this.#offset = 0;
        for await (const chunk of await data()) chunks.push(chunk);
        this.files.set(argument, concat(chunks));
        return say("226 stored");
      }
      case "ABOR":
        return say("226 as you like");
      case "DELE":
        return say(this.files.delete(argument) ? "250 gone" : "550 no such file");
      case "RNFR":
        return say("350 to what?");
      case "MKD":
        return say('257 "made"');
      case "QUIT":
        return say("221 bye");
      default:
        return say("200 fine");
    }
  }

  async #send(content: Bytes, say: Ask["say"], data: Ask["data"]): Promise<void> {
    say("150 it comes");
    const socket = await data();
    const ended = await new Promise<boolean>((resolve) => {
      socket.once("close", () => resolve(socket.bytesWritten === content.length && socket.writableFinished));
      socket.resume().end(content);
    });
    say(ended ? "226 that was it" : "426 broken off");
  }

  /** Listens for a data connection. */
  async #listen(): Promise<number> {
    this.#passive?.server.close();
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const arrived = new Promise<Socket>((resolve) => {
      server.once("connection", (socket) => {
        server.close();
        this.#keep(socket);
        resolve(socket);
      });
    });
    this.#passive = { server, arrived };
    return portOf(server);
  }

  #data(): Promise<Socket> {
    if (!this.#passive) throw new Error("no data connection was asked for");
    return this.#passive.arrived;
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
  }
}

function portOf(server: Server): number {
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("no port");
  return bound.port;
}

/** Runs `use` with a server that behaves as `options` say, and stops it. */
export async function withFake(options: FakeOptions, use: (fake: FakeFtp) => Promise<void>): Promise<void> {
  const fake = await FakeFtp.start(options);
  try {
    await use(fake);
  } finally {
    await fake.stop();
  }
}
