/** Exercise 05's server in this process, and a client that sends exactly what a test says. */
import type { X509Certificate } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import type { FtpEvent } from "../../exercises/05-ftp/ftp/server/ftp-events.ts";
import { FtpServer, type ServerSettings } from "../../exercises/05-ftp/ftp/server/ftp-server.ts";
import { PassivePorts } from "../../exercises/05-ftp/ftp/server/passive-ports.ts";
import type { User } from "../../exercises/05-ftp/ftp/server/user-list.ts";
import { tlsServer } from "../../exercises/05-ftp/tls.ts";
import { xSmlServer } from "../../exercises/05-ftp/x-sml.ts";
import { type Bytes, concat } from "../../lib/bytes/bytes.ts";
import { handshakeTurns } from "../../lib/channel/channel-server.ts";
import { PortPool } from "../../lib/net/port-pool.ts";
import { Guesses } from "../../lib/passwords/guesses.ts";
import { findFreePorts } from "./free-ports.ts";
import { loadIdentity } from "./identities.ts";

const HOST = "127.0.0.1";
// in memory if possible: each upload waits until it is on the disk
const FAST = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

export const PASSWORDS: Record<string, string> = { alice: "correct horse", bob: "battery staple" };

export interface Scene {
  server: FtpServer;
  /** The users of the list, unless `users` was given. */
  users: Map<string, User>;
  port: number;
  /** Alice's folder on the host. */
  home: string;
  /** The log. */
  events: FtpEvent[];
  /** Resolves once an event with this name is in the log. */
  logged: (name: string) => Promise<void>;
  /** Internal errors. */
  errors: unknown[];
  settings: ServerSettings;
  /** Connects, and reads the greeting. */
  connect: () => Promise<RawClient>;
  /** Connects, encrypts with TLS, and logs in as alice. */
  login: (name?: string) => Promise<RawClient>;
}

export type SceneOptions = Partial<ServerSettings> & {
  ports?: number;
  requireSessionReuse?: boolean;
  quota?: number;
  /** Seconds that a handshake may take. */
  handshake?: number;
  /** The address to listen on. */
  host?: string;
};

/** Runs `work` against a new server. Fails if there was an internal error. */
export async function withFtp(
  work: (scene: Scene) => Promise<void>,
  options: SceneOptions = {},
): Promise<void> {
  const { ports = 8, requireSessionReuse = false, quota, host = HOST, handshake = 60, ...settings } = options;
  const { turns = handshakeTurns() } = settings;
  const root = await mkdtemp(join(FAST, "sml-ftp-"));
  await mkdir(join(root, "alice"));
  await mkdir(join(root, "bob"));
  const events: FtpEvent[] = [];
  const logging = new EventEmitter();
  const errors: unknown[] = [];
  const seconds = { timeout: 60, idle: 60, login: 60, stall: 60 };
  const first = await findFreePorts(ports);
  const users = new Map(
    Object.keys(PASSWORDS).map((name): [string, User] => [
      name,
      { name, home: `/${name}`, quota, readOnly: name === "bob", admin: false },
    ]),
  );
  const all = {
    root,
    turns,
    users: {
      find: (name: string) => users.get(name),
      verify: async (name: string, password: string) =>
        PASSWORDS[name] === password ? users.get(name) : undefined,
      isCurrent: (user: User) => users.get(user.name) === user,
    },
    mechanisms: [
      tlsServer(TEST_CERTIFICATE, {
        ...seconds,
        ...settings,
        timeout: handshake,
        requireSessionReuse,
        turns,
      }),
      xSmlServer({
        turns,
        ...seconds,
        ...settings,
        timeout: handshake,
        identity: await loadIdentity("a"),
        fingerprint: undefined,
      }),
    ],
    pool: new PassivePorts(new PortPool(Array.from({ length: ports }, (_, index) => first + index))),
    guesses: new Guesses(0.001),
    allowPlaintext: false,
    ...seconds,
    sessions: 100,
    sessionsPerAddress: 100,
    sessionsPerUser: 100,
    log: (event: FtpEvent) => {
      events.push(event);
      logging.emit(event.event);
    },
    report: (error: unknown) => void errors.push(error),
    ...settings,
  };
  const server = await FtpServer.listen({ host, port: 0 }, all);
  const clients: RawClient[] = [];
  const scene: Scene = {
    server,
    users,
    port: server.port,
    home: join(root, "alice"),
    events,
    async logged(name) {
      if (!events.some(({ event }) => event === name)) await once(logging, name);
    },
    errors,
    settings: all,
    async connect() {
      const client = await RawClient.connect(server.port, host);
      clients.push(client);
      return client;
    },
    async login(name = "alice") {
      const client = await scene.connect();
      await client.encrypt();
      await client.login(name);
      return client;
    },
  };
  try {
    await work(scene);
    const [error] = errors;
    if (error !== undefined) throw error;
  } finally {
    for (const client of clients) client.close();
    await server.close();
    await rm(root, { recursive: true, force: true });
  }
}

const inKeys = (name: string) => fileURLToPath(new URL(`../keys/${name}`, import.meta.url));

/** A key and a certificate from the stock. */
export const TEST_CERTIFICATE = {
  key: readFileSync(inKeys("identity-3072-a.pem"), "utf8"),
  cert: readFileSync(inKeys("identity-3072-a.cert.pem"), "utf8"),
};

/** A control connection. */
export class RawClient {
  stream: Duplex;
  /** The first reply; "" if there was none. */
  greeting = "";
  readonly socket: Socket;
  readonly #server: number;
  readonly #host: string;
  readonly #data: Socket[] = [];
  #text = "";
  #hasEnded = false;
  #wake: () => void = () => {};
  #session: Buffer | undefined;
  /** The server's certificate, under TLS. */
  certificate: X509Certificate | undefined;

  static async connect(port: number, host = HOST, localAddress?: string): Promise<RawClient> {
    const from = localAddress === undefined ? {} : { localAddress };
    const socket = connect({ host, port, ...from, allowHalfOpen: true, noDelay: true });
    const client = new RawClient(socket, port, host);
    client.greeting = await client.reply();
    return client;
  }

  private constructor(socket: Socket, port: number, host: string) {
    this.#host = host;
    this.socket = socket;
    this.stream = socket;
    this.#server = port;
    this.#listen(socket);
  }

  #listen(stream: Duplex): void {
    stream.on("error", () => this.#end());
    stream.on("end", () => this.#end());
    stream.on("close", () => this.#end());
    stream.on("data", (bytes: Buffer) => {
      this.#text += bytes.toString();
      this.#wake();
    });
  }

  #end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  /** Sends `text` unchanged. */
  send(text: string | Uint8Array): void {
    this.stream.write(text);
  }

  /**
   * Returns the next reply, with its lines as received; "" if the server has closed the connection.
   */
  async reply(): Promise<string> {
    for (;;) {
      const reply = /^(?:(\d{3})-(?:.*\r\n)+?\1 .*\r\n|\d{3} .*\r\n)/.exec(this.#text)?.[0];
      if (reply !== undefined) {
        this.#text = this.#text.slice(reply.length);
        return reply.trimEnd();
      }
      if (this.#hasEnded) return "";
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Sends a line; returns the reply. */
  command(line: string): Promise<string> {
    this.send(`${line}\r\n`);
    return this.reply();
  }

  /** What was received and not read yet. */
  get unread(): string {
    return this.#text;
  }

  /** AUTH TLS. */
  async encrypt(options: ConnectionOptions = {}): Promise<void> {
    const answer = await this.command("AUTH TLS");
    if (!answer.startsWith("234")) throw new Error(`AUTH TLS: ${answer}`);
    const stream = connectTls({ ...options, socket: this.socket, rejectUnauthorized: false });
    stream.on("session", (session) => {
      this.#session = session;
    });
    await once(stream, "secureConnect");
    this.stream = stream;
    this.certificate = stream.getPeerX509Certificate();
    this.#listen(stream);
  }

  /** PBSZ, PROT P if encrypted, USER and PASS. */
  async login(name = "alice"): Promise<void> {
    const words = this.stream === this.socket ? [] : ["PBSZ 0", "PROT P"];
    for (const line of [...words, `USER ${name}`]) await this.command(line);
    const answer = await this.command(`PASS ${PASSWORDS[name]}`);
    if (!answer.startsWith("230")) throw new Error(`PASS: ${answer}`);
    await this.command("TYPE I");
  }

  /** EPSV; returns the port. */
  async passive(): Promise<number> {
    const answer = await this.command("EPSV");
    const [, port] = /\(\|\|\|(\d+)\|\)/.exec(answer) ?? [];
    if (port === undefined) throw new Error(`EPSV: ${answer}`);
    return Number(port);
  }

  /** Connects to a port of the server, without encryption. */
  async connectData(port: number): Promise<Socket> {
    const socket = connect({ host: this.#host, port, allowHalfOpen: true, noDelay: true });
    this.#data.push(socket);
    await once(socket, "connect");
    socket.on("error", () => {});
    return socket;
  }

  /**
   * Starts TLS on a data connection, with the session of the control connection unless `resume` is
   * false.
   */
  protect(
    socket: Socket,
    { resume = true, ...options }: ConnectionOptions & { resume?: boolean } = {},
  ): TLSSocket {
    const session = resume ? this.#session : undefined;
    const stream = connectTls({ ...options, socket, rejectUnauthorized: false, ...(session && { session }) });
    stream.on("error", () => {});
    return stream;
  }

  /** Sends a file; returns the last reply. */
  async upload(command: string, bytes: Bytes | string): Promise<string> {
    const socket = await this.connectData(await this.passive());
    const first = await this.command(command);
    if (!first.startsWith("150")) return first;
    const stream = this.stream === this.socket ? socket : this.protect(socket);
    // Node ends a TLS stream silently before its handshake
    if (stream !== socket) await once(stream, "secureConnect");
    stream.end(bytes);
    stream.resume();
    return this.reply();
  }

  /** Receives a file or a listing, and the last reply. */
  async download(command: string): Promise<{ bytes: Bytes; text: string; answer: string }> {
    const socket = await this.connectData(await this.passive());
    const first = await this.command(command);
    if (!first.startsWith("150")) return { bytes: new Uint8Array(), text: "", answer: first };
    const stream = this.stream === this.socket ? socket : this.protect(socket);
    const bytes = await readAll(stream);
    stream.end();
    return { bytes, text: Buffer.from(bytes).toString(), answer: await this.reply() };
  }

  close(): void {
    for (const socket of [...this.#data, this.stream, this.socket]) socket.destroy();
  }

  /** The port of the server. */
  get server(): number {
    return this.#server;
  }
}

/** Reads a stream to its end. */
export async function readAll(stream: Duplex): Promise<Bytes> {
  const pieces: Bytes[] = [];
  stream.on("data", (piece: Bytes) => pieces.push(piece));
  await once(stream, "end");
  return concat(pieces);
}

/** Listens for one data connection from the server. */
export async function listenForData(host = HOST): Promise<{
  port: number;
  connection: Promise<Socket>;
  close: () => void;
}> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const connection = new Promise<Socket>((resolve) => server.once("connection", resolve));
  return { port: address.port, connection, close: () => void server.close() };
}

/** Returns `length` bytes without repetition. */
export function pattern(length: number): Bytes {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index += 1) bytes[index] = (index * 31 + (index >> 8) * 17) & 0xff;
  return bytes;
}
