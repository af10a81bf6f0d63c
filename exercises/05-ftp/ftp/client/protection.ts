/** How the client encrypts: AUTH TLS (RFC 4217) or AUTH X-SML, on the control connection and on each data connection. */
import type { X509Certificate } from "node:crypto";
import { isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { withDeadline } from "../../../../lib/async/deadline.ts";
import { trace } from "../../../../lib/cli/diagnostics.ts";
import type { Identity } from "../../../../lib/crypto/identity.ts";
import { fingerprintOf } from "../../../../lib/crypto/identity.ts";

import { connectWithEnd } from "../../tls-end.ts";
import { connectData, X_SML, XSml } from "../../x-sml.ts";
import { type DataConnection, overChannel, overStream } from "./data.ts";

/** The oldest TLS that is spoken. */
const MIN_VERSION = "TLSv1.2";

/** Opens a data connection on a socket that is connected. */
export type OpenData = (socket: Socket) => Promise<DataConnection>;

export interface Protection {
  /** What AUTH calls it. */
  mechanism: string;
  /** Encrypts the control connection, once the server has agreed. */
  protect: (socket: Socket) => Promise<ProtectedControl>;
}

export interface ProtectedControl {
  /** Carries the control lines. */
  stream: Duplex;
  /** To be called once for each positive answer to EPSV or PASV; returns what opens the connection that it speaks of. */
  nextData: () => OpenData;
}

export interface ProtectionOptions {
  /** Throws to refuse the server, which has proved that it has the key with this fingerprint. */
  verifyServer: (server: { fingerprint: string }) => Promise<void>;
  /** Seconds that a handshake may take. */
  timeout: number;
}

/** AUTH X-SML: the channel, with our identity. */
export function xSmlProtection(identity: Identity, { verifyServer, timeout }: ProtectionOptions): Protection {
  return {
    mechanism: X_SML,
    async protect(socket) {
      const control = await XSml.connect(socket, { identity, verifyPeer: verifyServer, timeout });
      return {
        stream: control.stream,
        nextData() {
          const key = control.nextDataKey();
          // whoever opens the connection will hear of it
          key.catch(() => {});
          return async (data) => overChannel(await connectData(data, await key, { timeout }));
        },
      };
    },
  };
}

/**
 * AUTH TLS. What counts of the server's certificate is its key: nobody needs to have signed it, and each data connection
 * must show the same one.
 */
export function tlsProtection(host: string, { verifyServer, timeout }: ProtectionOptions): Protection {
  const options: ConnectionOptions = {
    rejectUnauthorized: false,
    minVersion: MIN_VERSION,
    ...(isIP(host) === 0 && { servername: host }),
  };
  return {
    mechanism: "TLS",
    async protect(socket) {
      const stream = connect({ ...options, socket });
      let session: Buffer | undefined;
      stream.on("session", (latest) => {
        session = latest;
      });
      const fingerprint = await shakeHands(stream, timeout);
      if (fingerprint === undefined) throw new Error("the server shows no certificate");
      trace(`the server speaks ${stream.getProtocol()} and has the key ${fingerprint}`);
      await verifyServer({ fingerprint }).catch((error) => {
        stream.destroy();
        throw error;
      });
      return {
        stream,
        nextData: () => async (socket) => {
          // many servers demand that the data connection resumes the session of the control connection
          const data = connectWithEnd(socket, { ...options, ...(session && { session }) });
          const shown = await shakeHands(data, timeout);
          // a session is resumed by nobody but the server that it was opened with, and then there is no certificate
          if (shown === fingerprint || (shown === undefined && data.isSessionReused()))
            return overStream(data);
          data.destroy();
          throw new Error(
            `the data connection is refused: its key is ${shown ?? "missing"}, and not the server's`,
          );
        },
      };
    },
  };
}

/** Waits for the handshake; returns the fingerprint of the server's key, if it shows one. @throws Error when it fails, or takes too long */
async function shakeHands(socket: TLSSocket, timeout: number): Promise<string | undefined> {
  const late = new Error(`timed out: the TLS handshake took longer than ${timeout} s`);
  const handshake = new Promise<X509Certificate | undefined>((resolve, reject) => {
    // at once: a short file may be over, and the connection closed, before we go on
    socket.once("secureConnect", () => resolve(socket.getPeerX509Certificate()));
    socket.on("error", (error) => reject(error === late ? error : explainTls(error)));
    socket.once("close", () => reject(new Error("the server broke off the TLS handshake")));
  });
  const certificate = await withDeadline(handshake, timeout, () => socket.destroy(late));
  if (!certificate) return undefined;
  const spki = certificate.publicKey.export({ type: "spki", format: "der" });
  return fingerprintOf(new Uint8Array(spki));
}

function explainTls(error: Error): Error {
  const reason = "reason" in error && typeof error.reason === "string" ? error.reason : error.message;
  return new Error(`the TLS handshake failed: ${reason}`);
}
