/**
 * AUTH TLS (RFC 4217): TLS 1.2 and 1.3, on the control connection and on each data connection.
 *
 * The server uses new ticket keys for each session, so a data connection can only resume the TLS
 * session of its own control connection. The client pins the server's key instead of checking who
 * signed its certificate.
 */
import { Buffer } from "node:buffer";
import type { X509Certificate } from "node:crypto";
import { isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import {
  type ConnectionOptions,
  connect,
  createServer,
  type Server,
  type TLSSocket,
  type TlsOptions,
} from "node:tls";
import { withDeadline } from "../../lib/async/deadline.ts";
import type { Turns } from "../../lib/async/turns.ts";
import { quoted } from "../../lib/bytes/printable.ts";
import { trace, UsageError } from "../../lib/cli/diagnostics.ts";
import { fingerprintOf } from "../../lib/crypto/identity.ts";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";
import { networkOf } from "../../lib/net/network.ts";
import { requireCloseNotify } from "./close-notify.ts";
import { clientData } from "./ftp/client/data.ts";
import { serverData } from "./ftp/server/data-stream.ts";
import type { ClientData, Mechanism, Protect, ServerData } from "./protection.ts";
import { TicketHold } from "./ticket-hold.ts";

const MIN_VERSION = "TLSv1.2";
export type TlsVersion = "TLSv1.2" | "TLSv1.3";
// the server's key only signs: Diffie-Hellman key exchange and authenticated ciphers, nothing else
const TLS_1_2_CIPHERS = [
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
];
const TLS_1_3_CIPHERS = ["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"];
const TICKET_KEYS_LENGTH = 48;

export interface TlsIdentity {
  /** A private key and its certificate chain, both in PEM. */
  key: string;
  cert: string;
  /**
   * The signature algorithms that the key may be used with, in OpenSSL's names (default: all that
   * fit).
   */
  sigalgs?: string;
}

export interface TlsServerOptions {
  /** The newest version (default: 1.3). */
  maxVersion?: TlsVersion;
  /** Seconds that a handshake may take. */
  timeout: number;
  /** Seconds that a data connection may be idle. */
  stall: number;
  /** Whether a data connection must resume the session of its control connection. */
  requireSessionReuse: boolean;
  /** The turns of addresses at the handshakes of control connections. */
  turns: Turns;
}

export interface TlsClientOptions {
  /** The newest version (default: 1.3). */
  maxVersion?: TlsVersion;
  /** Throws to reject the server, which has proved that it has the key with this fingerprint. */
  verifyServer: (server: { fingerprint: string }) => Promise<void>;
  /** Seconds that a handshake may take. */
  timeout: number;
}

/** Returns the version that the flag --tls-max names. @throws UsageError for any other */
export function parseTlsMax(version = "1.3"): TlsVersion {
  if (version === "1.2") return "TLSv1.2";
  if (version === "1.3") return "TLSv1.3";
  throw new UsageError(`--tls-max ${quoted(version)}: expected 1.2 or 1.3`);
}

/** Returns the server's side of AUTH TLS and AUTH SSL. */
export function tlsServer(
  identity: TlsIdentity,
  { timeout, stall, requireSessionReuse, turns, maxVersion = "TLSv1.3" }: TlsServerOptions,
): Mechanism<ServerData> {
  const options: TlsOptions = {
    ...identity,
    minVersion: MIN_VERSION,
    maxVersion,
    ciphers: [...TLS_1_3_CIPHERS, ...TLS_1_2_CIPHERS].join(":"),
    honorCipherOrder: true,
    allowHalfOpen: true,
    handshakeTimeout: timeout * 1000,
  };
  return {
    names: ["TLS", "SSL"],
    async protect(socket) {
      const late = new Error(`timed out: the client sent nothing for ${timeout} s`);
      await withDeadline(firstBytes(socket), timeout, () => socket.destroy(late));
      // the turn ends with the server's first answer, which is what costs time
      const begin = async () => {
        if (socket.destroyed) throw closed();
        const ticketKeys = Buffer.from(randomBytes(TICKET_KEYS_LENGTH));
        const handshakes = new Handshakes({ ...options, ticketKeys });
        return { handshakes, secured: handshakes.accept(socket) };
      };
      const { handshakes, secured } = await turns.run(networkOf(socket.remoteAddress), begin, socket);
      const control = await secured;
      const protect: Protect<ServerData> = async (data, direction) => {
        // a download needs no authenticated end from the client, and is faster without that layer
        const stream = await (direction === "down"
          ? handshakes.accept(data)
          : handshakes.acceptWithEnd(data));
        if (!requireSessionReuse || stream.isSessionReused()) return serverData(stream, stall);
        stream.destroy();
        throw new Error("the data connection does not resume the TLS session of the control connection");
      };
      return {
        description: `TLS, ${control.getProtocol()} ${control.getCipher().standardName}`,
        control,
        nextData: () => protect,
      };
    },
  };
}

/** Runs the handshakes of one session, one at a time. */
class Handshakes {
  /** Never listens; it is given connections. */
  readonly #server: Server;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: TlsOptions) {
    const server = createServer(options);
    // for clients without tickets: curl, with TLS 1.2
    let control: { id: Buffer; session: Buffer } | undefined;
    server.on("newSession", (id, session, done) => {
      control ??= { id, session };
      done();
    });
    server.on("resumeSession", (id, done) => done(null, control?.id.equals(id) ? control.session : null));
    this.#server = server;
  }

  /** Accepts TLS on `socket`, whose end must be a close_notify. @throws Error as `accept` */
  acceptWithEnd(socket: Socket): Promise<TLSSocket> {
    const tickets = new TicketHold();
    const { between, watch } = requireCloseNotify(socket, (bytes) => tickets.pass(bytes));
    return this.accept(between, (stream) => {
      watch(stream);
      tickets.start(stream);
    });
  }

  /**
   * @param onSecured called before the stream can deliver any data
   * @throws Error that says why TLS failed, after it has cut the connection off
   */
  accept(connection: Duplex, onSecured: (stream: TLSSocket) => void = () => {}): Promise<TLSSocket> {
    const secured = this.#last.then(() => this.#accept(connection, onSecured));
    this.#last = secured.catch(() => {});
    return secured;
  }

  async #accept(connection: Duplex, onSecured: (stream: TLSSocket) => void): Promise<TLSSocket> {
    if (connection.destroyed) throw closed();
    const server = this.#server;
    try {
      return await new Promise((resolve, reject) => {
        server.once("secureConnection", (stream) => {
          // the caller adds its own listener a little later
          stream.on("error", () => {});
          onSecured(stream);
          resolve(stream);
        });
        server.once("tlsClientError", (error, stream) => {
          stream.destroy();
          connection.destroy();
          reject(handshakeError(error));
        });
        server.emit("connection", connection);
      });
    } finally {
      server.removeAllListeners("secureConnection");
      server.removeAllListeners("tlsClientError");
    }
  }
}

/** Waits until the client has sent something. @throws Error if the connection closes before */
async function firstBytes(socket: Socket): Promise<void> {
  while (socket.readableLength === 0) {
    if (socket.readableEnded || socket.destroyed) throw socket.errored ?? closed();
    await new Promise<void>((resolve) => {
      const go = () => {
        socket.off("readable", go).off("close", go);
        resolve();
      };
      socket.on("readable", go).on("close", go);
    });
  }
}

function closed(): Error {
  return new Error("the connection was closed before TLS started");
}

/** Returns the client's side of AUTH TLS. All connections must show the same key. */
export function tlsClient(
  host: string,
  { verifyServer, timeout, maxVersion = "TLSv1.3" }: TlsClientOptions,
): Mechanism<ClientData> {
  const options: ConnectionOptions = {
    rejectUnauthorized: false,
    minVersion: MIN_VERSION,
    maxVersion,
    ...(isIP(host) === 0 && { servername: host }),
  };
  return {
    names: ["TLS"],
    async protect(socket) {
      const control = connect({ ...options, socket });
      let session: Buffer | undefined;
      control.on("session", (latest) => {
        session = latest;
      });
      const fingerprint = await secure(control, timeout);
      if (fingerprint === undefined) throw new Error("the server sent no certificate");
      trace(`the server speaks ${control.getProtocol()} and has the key ${fingerprint}`);
      await verifyServer({ fingerprint }).catch((error) => {
        control.destroy();
        throw error;
      });
      return {
        description: `TLS, ${control.getProtocol()}`,
        control,
        nextData: () => async (socket) => {
          const { between, watch } = requireCloseNotify(socket);
          // many servers require that data connections resume the session of the control connection
          const data = connect({ ...options, socket: between, ...(session && { session }) });
          watch(data);
          const shown = await secure(data, timeout);
          // only the same server can resume the session, and it sends no certificate then
          if (shown === fingerprint || (shown === undefined && data.isSessionReused()))
            return clientData(data);
          data.destroy();
          throw new Error(
            `the data connection is refused: its key is ${shown ?? "missing"}, and not the server's`,
          );
        },
      };
    },
  };
}

/**
 * Waits for the end of a client's handshake, and returns the fingerprint of the server's key.
 *
 * @returns undefined if the server sent no certificate
 * @throws Error if the handshake fails or times out
 */
async function secure(stream: TLSSocket, timeout: number): Promise<string | undefined> {
  const late = new Error(`timed out: the TLS handshake took longer than ${timeout} s`);
  const handshake = new Promise<X509Certificate | undefined>((resolve, reject) => {
    // read at once: a connection with a short file may be closed before this promise settles
    stream.once("secureConnect", () => resolve(stream.getPeerX509Certificate()));
    stream.on("error", (error) => reject(error === late ? error : handshakeError(error)));
    stream.once("close", () => reject(new Error("the server broke off the TLS handshake")));
  });
  const certificate = await withDeadline(handshake, timeout, () => stream.destroy(late));
  if (!certificate) return undefined;
  const spki = certificate.publicKey.export({ type: "spki", format: "der" });
  return fingerprintOf(new Uint8Array(spki));
}

function handshakeError(error: Error): Error {
  const reason = "reason" in error && typeof error.reason === "string" ? error.reason : error.message;
  return new Error(`the TLS handshake failed: ${reason}`);
}
