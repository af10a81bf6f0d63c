/**
 * The self-signed certificate of a stored identity: `NAME.cert.pem`, beside the keys. It is created
 * at the first start, and renewed before it expires. Its key, which clients pin, stays the same.
 *
 *     openssl x509 -in keys/server.cert.pem -noout -text
 */
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { equal, toHex } from "../../lib/bytes/bytes.ts";
import type { Identity } from "../../lib/crypto/identity.ts";
import { PSS } from "../../lib/crypto/signature.ts";
import { nativeCrypto, randomBytes } from "../../lib/crypto/webcrypto.ts";
import { readSmallFile, replaceSmallFile } from "../../lib/files/small-file.ts";

const FILE_MODE = 0o644;
const DAY = 24 * 3600 * 1000;
const LIFETIME = 10 * 365 * DAY;
/** The time before its expiry when a certificate is renewed. */
const MARGIN = 30 * DAY;
const SERIAL_LENGTH = 16;
// wildcard addresses are not names of the host
const ANY_ADDRESS = ["0.0.0.0", "::"];

/**
 * Returns the certificate of `identity`, in PEM. Creates its file if it is missing or expires soon.
 *
 * @param folder contains the identity's keys
 * @param host the address that the server listens on: one of the names in a new certificate
 * @throws Error that names the file, if it is malformed or has another key
 */
export async function loadCertificate(
  folder: string,
  { name, identity, host }: { name: string; identity: Identity; host: string },
): Promise<string> {
  const file = join(folder, `${name}.cert.pem`);
  const stored = (await readSmallFile(file))?.text;
  if (stored !== undefined && isValid(stored, file, identity)) return stored;
  const text = await makeCertificate(identity, host);
  await replaceSmallFile(file, { text, mode: FILE_MODE });
  return text;
}

/**
 * Reports whether the certificate `pem` can be used.
 *
 * @throws Error if it is malformed or has another key
 */
function isValid(pem: string, file: string, { spki }: Identity): boolean {
  const certificate = parse(pem, file);
  const certified = certificate.publicKey.export({ type: "spki", format: "der" });
  if (!equal(new Uint8Array(certified), spki))
    throw new Error(
      `cannot use ${file}: it is the certificate of another key; remove it to create a new one`,
    );
  return Date.parse(certificate.validTo) - MARGIN > Date.now();
}

function parse(pem: string, file: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new Error(`cannot use ${file}: it is not a certificate; remove it to create a new one`);
  }
}

async function makeCertificate({ signingKey, verificationKey }: Identity, host: string): Promise<string> {
  // imported late: they are large, and rarely needed; the second depends on the first
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const names = new Set(["localhost", "127.0.0.1", "::1", hostname(), host]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: "CN=Secure Messaging Lab FTP",
      serialNumber: toHex(randomBytes(SERIAL_LENGTH)),
      // clocks differ
      notBefore: new Date(Date.now() - DAY),
      notAfter: new Date(Date.now() + LIFETIME),
      keys: { privateKey: signingKey, publicKey: verificationKey },
      signingAlgorithm: PSS,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          [...names]
            .filter((each) => !ANY_ADDRESS.includes(each))
            .map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value })),
        ),
        await x509.SubjectKeyIdentifierExtension.create(verificationKey, false, nativeCrypto),
      ],
    },
    nativeCrypto,
  );
  return `${certificate.toString("pem")}\n`;
}
