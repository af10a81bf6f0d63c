/**
 * An FTP client (RFC 959, 2228, 2389, 2428, 3659) that encrypts all it sends but the request to do so.
 *
 *     const client = await FtpClient.connect({ host, port }, { protection, timeout });
 *     await client.logIn("ann", password);
 *     for await (const chunk of client.read("a file")) ...
 *     await client.quit();
 *
 * One thing at a time: nothing may be asked while something else is under way, but `abort`.
 */
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { printable } from "../../../../lib/bytes/printable.ts";
import { type Address, openSocket } from "../../../../lib/net/tcp.ts";
import {
  type Listing,
  parseListLine,
  parseMachineLine,
  parseSize,
  type RemoteEntry,
  readListing,
} from "../protocol/remote-names.ts";
import { parseEpsv, parsePasv, parseQuotedPath, type Reply } from "../protocol/reply-parser.ts";
import { parseTime } from "../protocol/time.ts";
import { ControlConnection, refusalCode, refused } from "./control-connection.ts";
import type { DataConnection } from "./data.ts";
import { Patience } from "./patience.ts";
import type { OpenData, ProtectedControl, Protection } from "./protection.ts";

/** Seconds, at least, that a server may take to store what it has received. */
const STORE_TIMEOUT = 120;
const UNKNOWN_COMMAND = [500, 501, 502, 504];

export interface FtpClientOptions {
  protection: Protection;
  /** Seconds that the server may take to reply, or to send or take anything of a file. */
  timeout: number;
}

export class FtpClient {
  readonly #control: ControlConnection;
  readonly #protected: ProtectedControl;
  readonly #host: string;
  readonly #timeout: number;
  #features = new Set<string>();
  #machineListings = false;
  #extendedPassive = true;
  #transfer: Transfer | undefined;

  /** Connects, and encrypts the connection. @throws Error when that fails, or the server is not the right one */
  static async connect(address: Address, { protection, timeout }: FtpClientOptions): Promise<FtpClient> {
    const socket = await openSocket({ ...address, timeout });
    const control = new ControlConnection(socket, timeout);
    try {
      await expect(control.reply(), 220);
      const { mechanism } = protection;
      const answer = await control.command(`AUTH ${mechanism}`);
      if (answer.code !== 234)
        throw new Error(
          `the server does not speak ${mechanism} (${answer.code} ${printable(answer.lines.join(" "))})`,
        );
      let secured: ProtectedControl | undefined;
      await control.switchTo(async () => {
        secured = await protection.protect(socket);
        return secured.stream;
      });
      if (!secured) throw new TypeError("nothing protects the connection");
      await expect(control.command("PBSZ 0"), 200);
      await expect(control.command("PROT P"), 200);
      return new FtpClient(control, secured, { host: socket.remoteAddress ?? address.host, timeout });
    } catch (error) {
      control.destroy();
      socket.destroy();
      throw error;
    }
  }

  private constructor(
    control: ControlConnection,
    secured: ProtectedControl,
    { host, timeout }: { host: string; timeout: number },
  ) {
    this.#control = control;
    this.#protected = secured;
    this.#host = host;
    this.#timeout = timeout;
  }

  /** Why this client is of no use any more, if so. */
  get failure(): Error | undefined {
    return this.#control.failure;
  }

  /** Resolves once this client is of no use any more. */
  get closed(): Promise<void> {
    return this.#control.closed;
  }

  /** Whether something is being read or written. */
  get busy(): boolean {
    return this.#transfer !== undefined;
  }

  /** Logs in, and asks what the server can do. @throws Error when the server does not let us in */
  async logIn(user: string, password: string): Promise<void> {
    const answer = await this.#control.command(`USER ${user}`);
    const last = answer.code === 331 ? await this.#control.command(`PASS ${password}`) : answer;
    if (last.code !== 230 && last.code !== 232) throw refused(last);
    const features = await this.#control.command("FEAT");
    if (features.code === 211)
      this.#features = new Set(features.lines.map((line) => line.trim().split(" ")[0]?.toUpperCase() ?? ""));
    this.#machineListings = this.#features.has("MLST");
    if (this.#features.has("UTF8")) await this.#control.command("OPTS UTF8 ON");
    // files as they are, octet by octet
    await this.#expect("TYPE I", 200);
  }

  /** Returns the folder that we are in. */
  async workingFolder(): Promise<string> {
    const { lines } = await this.#expect("PWD", 257);
    const path = parseQuotedPath(lines[0] ?? "");
    if (path === undefined) throw new Error("the server does not say which folder we are in");
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

  /** Returns the bytes of the file `path`; undefined when the server does not tell. @throws Error when there is no such file */
  async size(path: string): Promise<number | undefined> {
    const answer = await this.#control.command(`SIZE ${path}`);
    if (answer.code === 213) return parseSize(answer.lines[0]?.trim());
    if (!UNKNOWN_COMMAND.includes(answer.code)) throw refused(answer);
    return (await this.stat(path))?.size;
  }

  /** Returns what is at `path`; undefined when there is nothing, or the server does not tell. */
  async stat(path: string): Promise<RemoteEntry | undefined> {
    if (this.#machineListings) {
      const answer = await this.#control.command(`MLST ${path}`);
      if (answer.code === 250) return parseFacts(answer, path);
      if (!UNKNOWN_COMMAND.includes(answer.code)) return undefined;
    }
    const answer = await this.#control.command(`SIZE ${path}`);
    if (answer.code === 213) {
      const size = parseSize(answer.lines[0]?.trim());
      const time = await this.#control.command(`MDTM ${path}`);
      const modified = time.code === 213 ? parseTime(time.lines[0] ?? "") : undefined;
      return { name: path, kind: "file", size, modified };
    }
    // a folder is what one can change to, and back
    const here = await this.workingFolder();
    if ((await this.#control.command(`CWD ${path}`)).code >= 300) return undefined;
    await this.changeFolder(here);
    return { name: path, kind: "folder", size: undefined, modified: undefined };
  }

  /** Returns what is in the folder `path`, by default where we are. @throws Error when it cannot be listed */
  async list(path = ""): Promise<Listing> {
    const argument = path === "" ? "" : ` ${path}`;
    if (this.#machineListings) {
      try {
        return await readListing(this.#receive(`MLSD${argument}`), parseMachineLine);
      } catch (error) {
        if (!UNKNOWN_COMMAND.includes(refusalCode(error) ?? 0)) throw error;
        this.#machineListings = false;
      }
    }
    // a name that begins with a dash would be taken for options
    return readListing(this.#receive(`LIST${path.startsWith("-") ? ` ./${path}` : argument}`), parseListLine);
  }

  /** Yields the bytes of the file `path` from `offset` on. @throws Error when it cannot be read to its end */
  read(path: string, offset = 0): AsyncGenerator<Bytes> {
    return this.#receive(`RETR ${path}`, offset);
  }

  /**
   * Writes what `send` sends to the file `path`, from `offset` on. Once it resolves, the server has said that it has stored it.
   *
   * @throws Error when the server does not take all of it, with the server's reason if it gives one
   */
  async write(path: string, send: (data: DataConnection) => Promise<void>, offset = 0): Promise<void> {
    const data = await this.#open(`STOR ${path}`, offset);
    try {
      await send(data);
      await data.end();
    } catch (error) {
      throw await this.#explain(error);
    }
    await this.#settle(Math.max(this.#timeout, STORE_TIMEOUT));
  }

  /** Breaks off what is being read or written: whoever waits for it gets an error, and the connection can be used on. */
  abort(): void {
    if (!this.#transfer) return;
    this.#transfer.aborted = true;
    this.#transfer.destroy("broken off");
  }

  /** Says farewell, and closes the connection, whatever the server says to that. */
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

  async #expect(line: string, ...codes: number[]): Promise<Reply> {
    return expect(this.#control.command(line), ...codes);
  }

  /** Gives `command`, and yields what comes of it on a data connection. */
  async *#receive(command: string, offset = 0): AsyncGenerator<Bytes> {
    const data = await this.#open(command, offset);
    let isWhole = false;
    try {
      yield* data;
      isWhole = true;
    } catch (error) {
      isWhole = true;
      throw await this.#explain(error);
    } finally {
      // whoever takes no more of it has broken it off
      if (!isWhole) {
        this.abort();
        await this.#explain(undefined);
      }
    }
    await this.#settle(this.#timeout);
  }

  /** Opens a data connection, and gives the `command` that it is for. */
  async #open(command: string, offset: number): Promise<DataConnection> {
    if (this.#transfer) throw new TypeError("another transfer is under way");
    const { port, openData } = await this.#enterPassive();
    const socket = await openSocket({ host: this.#host, port, timeout: this.#timeout });
    socket.on("error", () => {});
    try {
      if (offset > 0) await this.#expect(`REST ${offset}`, 350);
      const answer = await this.#control.command(command);
      if (answer.code >= 200) throw refused(answer);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    const transfer: Transfer = { aborted: false, destroy: () => socket.destroy() };
    this.#transfer = transfer;
    try {
      const data = patient(await openData(socket), this.#timeout);
      transfer.destroy = (reason) => data.destroy(reason);
      if (transfer.aborted) throw new Error("broken off");
      this.#control.watch(() => data.destroy("the server has broken the transfer off"));
      return data;
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  /** Has the server listen for a data connection; returns where, and what opens it. */
  async #enterPassive(): Promise<{ port: number; openData: OpenData }> {
    if (this.#extendedPassive) {
      const answer = await this.#control.command("EPSV");
      if (answer.code === 229) return this.#passive(parseEpsv(answer.lines.join(" ")));
      if (!UNKNOWN_COMMAND.includes(answer.code) && answer.code !== 522) throw refused(answer);
      this.#extendedPassive = false;
    }
    const answer = await this.#expect("PASV", 227);
    return this.#passive(parsePasv(answer.lines.join(" ")));
  }

  #passive(port: number | undefined): { port: number; openData: OpenData } {
    // counted even if it is of no use: the server counts it too
    const openData = this.#protected.nextData();
    if (port === undefined) throw new Error("the server does not say where to connect for data");
    return { port, openData };
  }

  /** Reads what the server says at the end of a transfer. @throws Error when it is not that all went well */
  async #settle(timeout: number): Promise<void> {
    const transfer = this.#transfer;
    try {
      if (transfer?.aborted) this.#control.send("ABOR");
      const final = await this.#control.reply(timeout);
      // one reply to the transfer, and one to ABOR (RFC 959 §4.1.3)
      if (transfer?.aborted) await this.#control.reply();
      if (final.code >= 300) throw refused(final);
    } finally {
      transfer?.destroy("the transfer is over");
      this.#transfer = undefined;
    }
  }

  /** Ends a transfer that has failed here with `error`; returns that, or the reason that the server gives. */
  async #explain(error: unknown): Promise<unknown> {
    const aborted = this.#transfer?.aborted;
    this.#transfer?.destroy("the transfer has failed");
    try {
      await this.#settle(this.#timeout);
    } catch (reason) {
      if (refusalCode(reason) !== undefined && !aborted) return reason;
    }
    return error;
  }
}

/** What is under way. */
interface Transfer {
  aborted: boolean;
  destroy: (reason: string) => void;
}

async function expect(reply: Promise<Reply>, ...codes: number[]): Promise<Reply> {
  const answer = await reply;
  if (codes.includes(answer.code)) return answer;
  throw refused(answer);
}

/** Returns the entry in a reply to MLST: its middle line, with a space before it. */
function parseFacts({ lines }: Reply, path: string): RemoteEntry | undefined {
  const entry = parseMachineLine((lines[1] ?? "").replace(/^ /, ""));
  return entry ?? { name: path, kind: "folder", size: undefined, modified: undefined };
}

/** Returns `data` with an end of patience: when nothing moves for `timeout` seconds, it is cut off. */
function patient(data: DataConnection, timeout: number): DataConnection {
  const patience = new Patience(timeout, () =>
    data.destroy(`timed out: nothing moves on the data connection for ${timeout} s`),
  );
  return {
    async *[Symbol.asyncIterator]() {
      const chunks = data[Symbol.asyncIterator]();
      for (;;) {
        const next = await patience.wait(chunks.next());
        if (next.done) return;
        yield next.value;
      }
    },
    send: (bytes) => patience.wait(data.send(bytes)),
    end: () => patience.wait(data.end()),
    destroy(reason) {
      patience.stop();
      data.destroy(reason);
    },
  };
}
