/** Small programs for `FakeTask`: some are sound, some broken in one way. A message is one line. */
import { Buffer } from "node:buffer";
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  sign,
  verify,
} from "node:crypto";
import type { FakeProgram, FakeSocket } from "./fake-task.ts";

const PORT = 5000;
const GOODBYE = "goodbye, and thank you for all the fish that we have had; let us speak again tomorrow";

export interface Cipher {
  seal(text: string, label: string): string;
  /** @throws Error if the line was altered */
  open(line: string, label: string): string;
}

/** The key agreement of one side; returns the cipher for the messages. */
export type Agree = (socket: FakeSocket, side: "client" | "server") => Promise<Cipher>;

interface Habits {
  /** The number of clients to serve, one after the other (default: 1). */
  clients?: number;
  /** Returns the line to print for a text that was received. */
  show?: (text: string) => string;
  reply?: boolean;
  /** The server waits forever after a message that it refuses, and serves no client any more. */
  wedges?: boolean;
  /** The server prints every line that it receives, as long as they come. */
  twice?: boolean;
  /** Each message is followed by an encrypted goodbye, which the peer does not read. */
  goodbye?: boolean;
}

/** Returns a client and a server with this key agreement. */
export function pairOf(agree: Agree, habits: Habits = {}): { client: FakeProgram; server: FakeProgram } {
  const {
    clients = 1,
    show = (text) => `Received: ${text}`,
    reply = true,
    goodbye = false,
    twice = false,
    wedges = false,
  } = habits;
  const write = (socket: FakeSocket, cipher: Cipher, text: string, label: string) =>
    socket.write(`${cipher.seal(text, label)}\n${goodbye ? `${cipher.seal(GOODBYE, label)}\n` : ""}`);
  return {
    async server({ text, print, listen }) {
      const listener = listen(PORT);
      for (let served = 0; served < clients; served += 1) {
        const socket = await listener.accept();
        try {
          const cipher = await agree(socket, "server");
          print(show(cipher.open(await socket.readLine(), "request")));
          if (reply) write(socket, cipher, text, "reply");
          while (twice) print(show(cipher.open(await socket.readLine(), "request")));
        } catch (error) {
          if (clients === 1) throw error;
          if (wedges) await new Promise(() => {});
          print(`refused: ${error instanceof Error ? error.message : ""}`);
        }
        socket.end();
      }
    },
    async client({ text, print, connect }) {
      const socket = await connect(PORT);
      const cipher = await agree(socket, "client");
      write(socket, cipher, text, "request");
      if (reply) print(show(cipher.open(await socket.readLine(), "reply")));
      socket.end();
    },
  };
}

/** No cryptography at all. */
export const clear: Agree = async () => ({
  seal: (text) => text,
  open: (line) => line,
});

/** X25519, then AES-256-GCM with a key per direction: the peers are unauthenticated. */
export const sound: Agree = async (socket, side) => authenticated(await agreeOnSecret(socket, side));

/** The same key in every session, which both sides already have. */
export const preShared: Agree = async () =>
  authenticated(Buffer.from("a secret that both sides already have"));

function authenticated(secret: Buffer): Cipher {
  const keyOf = (label: string) => Buffer.from(hkdfSync("sha256", secret, "", label, 32));
  return {
    seal(text, label) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", keyOf(label), nonce);
      const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString("base64");
    },
    open(line, label) {
      const bytes = Buffer.from(line, "base64");
      if (bytes.length < 28 || bytes.toString("base64") !== line) throw new Error("malformed");
      const decipher = createDecipheriv("aes-256-gcm", keyOf(label), bytes.subarray(0, 12));
      decipher.setAuthTag(bytes.subarray(-16));
      return decipher.update(bytes.subarray(12, -16), undefined, "utf8") + decipher.final("utf8");
    },
  };
}

/** Like `sound`; each line has a field that is not read, and an RSA signature, verified or not. */
export function signing({ verifies }: { verifies: boolean }): Agree {
  return async (socket, side) => {
    const cipher = await sound(socket, side);
    const own = generateKeyPairSync("rsa", { modulusLength: 1024 });
    const hello = own.publicKey.export({ type: "spki", format: "der" }).toString("base64");
    if (side === "client") socket.write(`${hello}\n`);
    const line = await socket.readLine();
    if (side === "server") socket.write(`${hello}\n`);
    const peer = createPublicKey({ key: Buffer.from(line, "base64"), type: "spki", format: "der" });
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    return {
      seal(text, label) {
        const sealed = cipher.seal(text, label);
        const signature = sign("sha256", Buffer.from(sealed), { key: own.privateKey, padding });
        return [randomBytes(48).toString("base64"), sealed, signature.toString("base64")].join(" ");
      },
      open(received, label) {
        const [, sealed = "", signature = ""] = received.split(" ");
        const isSigned = verify(
          "sha256",
          Buffer.from(sealed),
          { key: peer, padding },
          Buffer.from(signature, "base64"),
        );
        if (verifies && !isSigned) throw new Error("wrong signature");
        return cipher.open(sealed, label);
      },
    };
  };
}

/** Like `sound`, but without a tag: altered bytes are decrypted too. */
export const malleable: Agree = async (socket, side) => {
  const secret = await agreeOnSecret(socket, side);
  const keyOf = (label: string) => Buffer.from(hkdfSync("sha256", secret, "", label, 32));
  return {
    seal(text, label) {
      const nonce = randomBytes(16);
      return Buffer.concat([nonce, createCipheriv("aes-256-ctr", keyOf(label), nonce).update(text)]).toString(
        "hex",
      );
    },
    open(line, label) {
      const bytes = Buffer.from(line, "hex");
      return createDecipheriv("aes-256-ctr", keyOf(label), bytes.subarray(0, 16))
        .update(bytes.subarray(16))
        .toString();
    },
  };
};

async function agreeOnSecret(socket: FakeSocket, side: "client" | "server"): Promise<Buffer> {
  const own = generateKeyPairSync("x25519");
  const hello = own.publicKey.export({ type: "spki", format: "der" }).toString("base64");
  if (side === "client") socket.write(`${hello}\n`);
  const line = await socket.readLine();
  if (side === "server") socket.write(`${hello}\n`);
  if (Buffer.from(line, "base64").toString("base64") !== line) throw new Error("malformed");
  const publicKey = createPublicKey({ key: Buffer.from(line, "base64"), type: "spki", format: "der" });
  const shared = diffieHellman({ privateKey: own.privateKey, publicKey });
  const [first, second] = side === "client" ? [hello, line] : [line, hello];
  return Buffer.from(hkdfSync("sha256", shared, "", `${first} ${second}`, 32));
}
