/**
 * AUTH TLS (RFC 4217).
 *
 * Each session has ticket keys of its own, so a data connection resumes the TLS session of its own control connection, or none.
 */
import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createServer, type Server, type TLSSocket, type TlsOptions } from "node:tls";
import { randomBytes } from "../../lib/crypto/webcrypto.ts";
import { overSocket } from "./ftp/server/data-stream.ts";
import type { Direction, Mechanism, Protection } from "./protection.ts";
import { endless } from "./tls-end.ts";

// a key that signs never decrypts: so nothing but Diffie-Hellman, and no cipher that is not authenticated
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
  /** A private key and the chain of its certificate, both in PEM. */
  key: string;
  cert: string;
  /** The signature algorithms that the key may be used with, as OpenSSL names them; without it, all that fit. */
  sigalgs?: string;
}

export interface TlsSettings {
  /** Seconds that a handshake may take. */
  timeout: number;
  /** Seconds that a data connection may stand still. */
  stall: number;
  /** Whether a data connection must resume the session of its control connection. */
  requireSessionReuse: boolean;
}

/** Returns what AUTH TLS, and AUTH SSL, do. */
export function tlsMechanism(identity: TlsIdentity, settings: TlsSettings): Mechanism {
  const options: TlsOptions = {
    ...identity,
    minVersion: "TLSv1.2",
    ciphers: [...TLS_1_3_CIPHERS, ...TLS_1_2_CIPHERS].join(":"),
    honorCipherOrder: true,
    allowHalfOpen: true,
    handshakeTimeout: settings.timeout * 1000,
  };
  return {
    names: ["TLS", "SSL"],
    async protect(socket) {
      const handshakes = new Handshakes({
        ...options,
        ticketKeys: Buffer.from(randomBytes(TICKET_KEYS_LENGTH)),
      });
      const control = await handshakes.shakeHands(socket);
      return protection(control, handshakes, settings);
    },
  };
}

function protection(
  control: TLSSocket,
  handshakes: Handshakes,
  { requireSessionReuse, stall }: TlsSettings,
): Protection {
  const protect = async (socket: Socket, direction: Direction | undefined) => {
    const stream =
      direction === "down" ? await handshakes.shakeHands(socket) : await withEnd(handshakes, socket);
    if (!requireSessionReuse || stream.isSessionReused()) return overSocket(stream, stall);
    stream.destroy();
    throw new Error("the data connection does not resume the TLS session of the control connection");
  };
  return {
    description: `TLS, ${control.getProtocol()} ${control.getCipher().standardName}`,
    control,
    nextData: () => protect,
  };
}

/** Only what we send needs no vouched-for end, and that is quicker without anything between TLS and the connection. */
async function withEnd(handshakes: Handshakes, socket: Socket): Promise<TLSSocket> {
  const { between, watch } = endless(socket);
  return handshakes.shakeHands(between, watch);
}

/** The handshakes of one session, one at a time. */
class Handshakes {
  // it never listens, but is handed connections
  readonly #server: Server;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: TlsOptions) {
    this.#server = createServer(options);
  }

  /**
   * @param onSecured called before any data of the stream can have come
   * @throws Error that says why TLS has failed; the connection is cut off then
   */
  shakeHands(connection: Duplex, onSecured: (stream: TLSSocket) => void = () => {}): Promise<TLSSocket> {
    const secured = this.#last.then(() => this.#shakeHands(connection, onSecured));
    this.#last = secured.catch(() => {});
    return secured;
  }

  async #shakeHands(connection: Duplex, onSecured: (stream: TLSSocket) => void): Promise<TLSSocket> {
    if (connection.destroyed) throw new Error("the connection was closed before TLS began");
    const server = this.#server;
    try {
      return await new Promise((resolve, reject) => {
        server.once("secureConnection", (stream) => {
          // whoever gets the stream listens too, but a little later
          stream.on("error", () => {});
          onSecured(stream);
          resolve(stream);
        });
        server.once("tlsClientError", (error: Error & { reason?: string }, stream) => {
          stream.destroy();
          connection.destroy();
          reject(new Error(`the TLS handshake failed: ${error.reason ?? error.message}`));
        });
        server.emit("connection", connection);
      });
    } finally {
      server.removeAllListeners("secureConnection");
      server.removeAllListeners("tlsClientError");
    }
  }
}
