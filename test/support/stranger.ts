/**
 * The channel a second time, written after the specification alone with node:crypto, to check the
 * first one by.
 */
import { createCipheriv, createECDH, createHash, createHmac, hkdfSync } from "node:crypto";
import { type Bytes, concat, encodeUtf8 } from "../../lib/bytes/bytes.ts";

/** What a handshake is made of. */
export interface Ingredients {
  mode: 1 | 2;
  id: Bytes;
  /** Empty in mode 1. */
  preSharedKey: Bytes;
  clientPrivate: Bytes;
  serverPrivate: Bytes;
  clientRandom: Bytes;
  serverRandom: Bytes;
  /** Empty in mode 2. */
  clientSpki: Bytes;
  serverSpki: Bytes;
  /** Makes or recalls a signature over `signed`. */
  sign: (role: "client" | "server", signed: Bytes) => Bytes;
}

/**
 * Every value of a handshake and the first records, by the name that it has in the specification.
 */
export function followSpecification(ingredients: Ingredients): Map<string, Bytes> {
  const { mode, id, clientRandom, serverRandom, clientSpki, serverSpki, sign } = ingredients;
  const values = new Map<string, Bytes>();
  const note = (name: string, value: Bytes): Bytes => {
    values.set(name, value);
    return value;
  };
  const version = "sml/channel/v1";

  const client = createECDH("prime256v1");
  client.setPrivateKey(ingredients.clientPrivate);
  const server = createECDH("prime256v1");
  server.setPrivateKey(ingredients.serverPrivate);
  const clientPoint = new Uint8Array(client.getPublicKey());
  const serverPoint = new Uint8Array(server.getPublicKey());
  const [one, modeByte] = [new Uint8Array([1]), new Uint8Array([mode])];
  const clientHello = note("client hello", fields(version, modeByte, one, id, clientPoint, clientRandom));
  const serverHello = note("server hello", fields(version, modeByte, one, id, serverPoint, serverRandom));
  const shared = note("shared secret", new Uint8Array(client.computeSecret(serverPoint)));
  const salt = mode === 2 ? ingredients.preSharedKey : new Uint8Array(32);

  const hellos = note("transcript 1", sha256(fields(`${version}/hellos`, clientHello, serverHello)));
  const handshake = hkdf(shared, salt, fields(`${version}/handshake keys`, hellos), 152);
  const clientKeys = note("client handshake keys", handshake.slice(0, 76));
  const serverKeys = note("server handshake keys", handshake.slice(76));

  const prove = (role: "client" | "server", keys: Bytes, transcript: Bytes, spki: Bytes): Bytes => {
    const signed = fields(`${version}/${role} signature`, transcript, spki);
    const signature = note(`${role} signature`, mode === 1 ? sign(role, signed) : new Uint8Array());
    const authenticated = fields(`${version}/${role} MAC`, transcript, spki, signature);
    const mac = note(`${role} MAC`, hmac(keys.slice(44), authenticated));
    return note(`${role} proof`, sealRecord(keys, 0, 1, fields(spki, signature, mac)));
  };
  const serverProof = prove("server", serverKeys, hellos, serverSpki);
  const afterServer = note("transcript 2", sha256(fields(`${version}/server proof`, hellos, serverProof)));
  const clientProof = prove("client", clientKeys, afterServer, clientSpki);
  const afterClient = note(
    "transcript 3",
    sha256(fields(`${version}/client proof`, afterServer, clientProof)),
  );

  const application = hkdf(shared, salt, fields(`${version}/application keys`, afterClient), 184);
  const sending = note("client application keys", application.slice(0, 76));
  const answering = note("server application keys", application.slice(76, 152));
  const exporter = note("exporter secret", application.slice(152));
  note("ready", sealRecord(answering, 0, 2, new Uint8Array()));
  note("client says hello", sealRecord(sending, 0, 4, encodeUtf8("hello")));
  note("server says world", sealRecord(answering, 1, 4, encodeUtf8("world")));
  note("client closes", sealRecord(sending, 1, 5, new Uint8Array()));
  note("server closes", sealRecord(answering, 2, 5, new Uint8Array()));
  note("next client keys", hkdf(sending.slice(44), new Uint8Array(32), fields(`${version}/rekey`), 76));
  const info = fields(`${version}/exporter`, "example", encodeUtf8("context"), uint32(32));
  note("exported key", hkdf(exporter, new Uint8Array(32), info, 32));
  return values;
}

export function fields(...parts: (Bytes | string)[]): Bytes {
  return concat(
    parts.flatMap((part) => {
      const bytes = typeof part === "string" ? encodeUtf8(part) : part;
      return [uint32(bytes.length), bytes];
    }),
  );
}

/** Seals a record under 76 bytes of keys. */
export function sealRecord(keys: Bytes, number: number, type: number, content: Bytes): Bytes {
  const nonce = keys.slice(32, 44);
  const view = new DataView(nonce.buffer);
  view.setBigUint64(4, view.getBigUint64(4) ^ BigInt(number));
  const cipher = createCipheriv("aes-256-gcm", keys.slice(0, 32), nonce);
  cipher.setAAD(concat([uint32(content.length + 17), new Uint8Array([type])]));
  const ciphertext = new Uint8Array(cipher.update(content));
  cipher.final();
  return concat([new Uint8Array([type]), ciphertext, new Uint8Array(cipher.getAuthTag())]);
}

function uint32(value: number): Bytes {
  return new Uint8Array([value >>> 24, value >>> 16, value >>> 8, value]);
}

function sha256(data: Bytes): Bytes {
  return new Uint8Array(createHash("sha256").update(data).digest());
}

export function hmac(key: Bytes, data: Bytes): Bytes {
  return new Uint8Array(createHmac("sha256", key).update(data).digest());
}

export function hkdf(secret: Bytes, salt: Bytes, info: Bytes, length: number): Bytes {
  return new Uint8Array(hkdfSync("sha256", secret, salt, info, length));
}
