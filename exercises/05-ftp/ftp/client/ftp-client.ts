/**
 * An FTP client (RFC 959, 2228, 2389, 2428, 3659) that encrypts everything after AUTH.
 *
 *     const client = await FtpClient.connect({ host, port }, { mechanism, timeout });
 *     await client.logIn("ann", password);
 *     for await (const chunk of client.read("a file")) ...
 *     await client.quit();
 *
 * One operation at a time: while one is running, only `abort` may be called.
 */
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { printable } from "../../../../lib/bytes/printable.ts";
import { type Address, openSocket } from "../../../../lib/net/tcp.ts";
import type { ClientData, Mechanism, Protection } from "../../protection.ts";
import {
  type Listing,
  parseListLine,
  parseMachineLine,
  parseSize,
  parseTime,
  type RemoteEntry,
  readListing,
} from "../protocol/listing.ts";
import { parseQuotedPath, type Reply } from "../protocol/reply.ts";
import {
  ControlConnection,
  expectReply,
  refusalCode,
  refused,
  UNKNOWN_COMMAND,
} from "./control-connection.ts";
import { Transfers } from "./transfers.ts";

/** Seconds, at least, that a server may take to store what it has received. */
const STORE_TIMEOUT = 120;

export interface FtpClientOptions {
  mechanism: Mechanism<ClientData>;
  /** Seconds to wait for a reply, or for progress of a transfer. */
  timeout: number;
}

export class FtpClient {
  readonly #control: ControlConnection;
  readonly #transfers: Transfers;
  readonly #timeout: number;
  #features = new Set<string>();
  #machineListings = false;

  /**
   * Connects and encrypts the connection.
   *
   * @throws Error if that fails, or the server's key is refused
   */
  static async connect(address: Address, { mechanism, timeout }: FtpClientOptions): Promise<FtpClient> {
    const socket = await openSocket({ ...address, timeout });
    const control = new ControlConnection(socket, timeout);
    try {
      await expectReply(control.reply(), 220);
      const [name] = mechanism.names;
      const answer = await control.command(`AUTH ${name}`);
      if (answer.code !== 234)
        throw new Error(
          `the server does not support ${name} (${answer.code} ${printable(answer.lines.join(" "))})`,
        );
      let protection: Protection<ClientData> | undefined;
      await control.switchTo(async () => {
        protection = await mechanism.protect(socket);
        return protection.control;
      });
      if (!protection) throw new TypeError("the connection is not protected");
      await expectReply(control.command("PBSZ 0"), 200);
      await expectReply(control.command("PROT P"), 200);
      const host = socket.remoteAddress ?? address.host;
      return new FtpClient(control, new Transfers(control, protection, { host, timeout }), timeout);
    } catch (error) {
      control.destroy();
      socket.destroy();
      throw error;
    }
  }

  private constructor(control: ControlConnection, transfers: Transfers, timeout: number) {
    this.#control = control;
    this.#transfers = transfers;
    this.#timeout = timeout;
  }

  /** Why the client is unusable; undefined while it works. */
  get failure(): Error | undefined {
    return this.#control.failure;
  }

  /** Resolves once the client is unusable. */
  get closed(): Promise<void> {
    return this.#control.closed;
  }

  /** Whether a transfer is running. */
  get busy(): boolean {
    return this.#transfers.busy;
  }

  /** Logs in, and queries the server's features. @throws Error if the server refuses the login */
  async logIn(user: string, password: string): Promise<void> {
    const answer = await this.#control.command(`USER ${user}`);
    const last = answer.code === 331 ? await this.#control.command(`PASS ${password}`) : answer;
    if (last.code !== 230 && last.code !== 232) throw refused(last);
    const features = await this.#control.command("FEAT");
    if (features.code === 211)
      this.#features = new Set(features.lines.map((line) => line.trim().split(" ")[0]?.toUpperCase() ?? ""));
    this.#machineListings = this.#features.has("MLST");
    if (this.#features.has("UTF8")) await this.#control.command("OPTS UTF8 ON");
    // unchanged bytes
    await this.#expect("TYPE I", 200);
  }

  /** Returns the current folder. */
  async workingFolder(): Promise<string> {
    const { lines } = await this.#expect("PWD", 257);
    const path = parseQuotedPath(lines[0] ?? "");
    if (path === undefined) throw new Error("the server's reply to PWD contains no path");
    if (!path.isWellFormed())
      throw new Error(`the current folder on the server is not UTF-8: ${printable(path)}`);
    return path;
  }

  async changeFolder(path: string): Promise<void> {
    await this.#expect(`CWD ${path}`, 250, 200);
  }

  async makeFolder(path: string): Promise<void> {
    await this.#expect(`MKD ${path}`, 257, 250);
  }

  async removeFolder(path: string): Promise<void> {
    await this.#expect(`RMD ${path}`, 250);
  }

  async remove(path: string): Promise<void> {
    await this.#expect(`DELE ${path}`, 250);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#expect(`RNFR ${from}`, 350);
    await this.#expect(`RNTO ${to}`, 250);
  }

  /**
   * Returns the size of a file in bytes; undefined if the server does not report it.
   *
   * @throws Error if there is no such file
   */
  async size(path: string): Promise<number | undefined> {
    const answer = await this.#control.command(`SIZE ${path}`);
    if (answer.code === 213) return parseSize(answer.lines[0]?.trim());
    if (!UNKNOWN_COMMAND.includes(answer.code)) throw refused(answer);
    return (await this.stat(path))?.size;
  }

  /** Returns the entry at `path`; undefined if there is none, or the server does not report it. */
  async stat(path: string): Promise<RemoteEntry | undefined> {
    if (this.#machineListings) {
      const answer = await this.#control.command(`MLST ${path}`);
      if (answer.code === 250) return parseFacts(answer, path);
      if (!UNKNOWN_COMMAND.includes(answer.code)) return undefined;
    }
    // only a folder can become the current one; SIZE of one is an error or a number
    const here = await this.workingFolder();
    if ([200, 250].includes((await this.#control.command(`CWD ${path}`)).code)) {
      await this.changeFolder(here);
      return { name: path, kind: "folder", size: undefined, modified: undefined };
    }
    const answer = await this.#control.command(`SIZE ${path}`);
    if (answer.code !== 213) return undefined;
    const time = await this.#control.command(`MDTM ${path}`);
    return {
      name: path,
      kind: "file",
      size: parseSize(answer.lines[0]?.trim()),
      modified: time.code === 213 ? parseTime(time.lines[0] ?? "") : undefined,
    };
  }

  /**
   * Lists the folder `path` (default: the current one).
   *
   * @param limit bytes of the listing
   * @throws Error if it cannot be listed
   */
  async list(path = "", limit?: number): Promise<Listing> {
    const argument = path === "" ? "" : ` ${path}`;
    if (this.#machineListings) {
      try {
        return await readListing(this.#transfers.receive(`MLSD${argument}`), parseMachineLine, limit);
      } catch (error) {
        if (!UNKNOWN_COMMAND.includes(refusalCode(error) ?? 0)) throw error;
        this.#machineListings = false;
      }
    }
    // a name that starts with a dash looks like an option
    const command = `LIST${path.startsWith("-") ? ` ./${path}` : argument}`;
    return readListing(this.#transfers.receive(command), parseListLine, limit);
  }

  /**
   * Yields the bytes of the file `path` from `offset` on.
   *
   * @throws Error if it cannot be read to its end
   */
  read(path: string, offset = 0): AsyncGenerator<Bytes> {
    return this.#transfers.receive(`RETR ${path}`, offset);
  }

  /**
   * Writes what `send` sends to the file `path`, from `offset` on. Resolves once the server has
   * confirmed that it has stored the file.
   *
   * @throws Error if the server does not store all of it, with the server's reason if it sends one
   */
  async write(path: string, send: (data: ClientData) => Promise<void>, offset = 0): Promise<void> {
    const timeout = Math.max(this.#timeout, STORE_TIMEOUT);
    await this.#transfers.send(`STOR ${path}`, send, { offset, timeout });
  }

  /** Aborts the running transfer: its caller gets an error, and the client stays usable. */
  abort(): void {
    this.#transfers.abort();
  }

  /** Sends QUIT and closes the connection, whatever the server replies. */
  async quit(): Promise<void> {
    try {
      if (!this.failure) await this.#control.command("QUIT");
    } catch {
    } finally {
      this.destroy();
    }
  }

  destroy(): void {
    this.#control.destroy();
  }

  #expect(line: string, ...codes: number[]): Promise<Reply> {
    return expectReply(this.#control.command(line), ...codes);
  }
}

/** Returns the entry at `path`, in a reply to MLST: its middle line, after a space or more. */
function parseFacts({ lines }: Reply, path: string): RemoteEntry {
  const entry = parseMachineLine((lines[1] ?? "").trimStart());
  return { ...(entry ?? { kind: "folder", size: undefined, modified: undefined }), name: path };
}
