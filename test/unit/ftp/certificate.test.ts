import { X509Certificate } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { loadCertificate } from "../../../exercises/05-ftp/certificate.ts";
import { toHex } from "../../../lib/bytes/bytes.ts";
import { loadIdentity } from "../../support/identities.ts";
import { rejects } from "../../support/rejects.ts";
import { withFolder } from "../../support/temporary.ts";

const [identity, other] = [await loadIdentity("a"), await loadIdentity("b")];
const options = { name: "server", identity, host: "ftp.example" };

test("loadCertificate creates a certificate of the identity, with its names, and keeps it", async () => {
  await withFolder(async (folder) => {
    const keys = join(folder, "keys");
    const pem = await loadCertificate(keys, options);
    const certificate = new X509Certificate(pem);
    const spki = certificate.publicKey.export({ type: "spki", format: "der" });
    assert.is(toHex(new Uint8Array(spki)), toHex(identity.spki));
    assert.ok(certificate.verify(certificate.publicKey), "it signs itself");
    assert.is(certificate.ca, false);
    for (const host of ["localhost", "ftp.example"]) assert.is(certificate.checkHost(host), host);
    for (const address of ["127.0.0.1", "::1"]) assert.is(certificate.checkIP(address), address);
    const years = (Date.parse(certificate.validTo) - Date.now()) / (365 * 24 * 3600 * 1000);
    assert.ok(years > 9.9 && years < 10.1, `${years} years`);
    assert.is(await readFile(join(keys, "server.cert.pem"), "utf8"), pem);
    assert.is(await loadCertificate(keys, options), pem);
  });
});

test("loadCertificate: a wildcard address is not a name", async () => {
  await withFolder(async (folder) => {
    const { subjectAltName = "" } = new X509Certificate(
      await loadCertificate(folder, { ...options, host: "0.0.0.0" }),
    );
    assert.match(subjectAltName, /DNS:localhost/);
    assert.not.match(subjectAltName, /0\.0\.0\.0/);
  });
});

test("loadCertificate renews it before it expires, with the same key", async () => {
  await withFolder(async (folder) => {
    const pem = await loadCertificate(folder, options);
    const now = Date.now;
    try {
      const end = Date.parse(new X509Certificate(pem).validTo);
      Date.now = () => end - 31 * 24 * 3600 * 1000;
      assert.is(await loadCertificate(folder, options), pem);
      Date.now = () => end - 29 * 24 * 3600 * 1000;
      const next = await loadCertificate(folder, options);
      assert.is.not(next, pem);
      assert.ok(new X509Certificate(next).publicKey.equals(new X509Certificate(pem).publicKey));
    } finally {
      Date.now = now;
    }
  });
});

test("loadCertificate never replaces the certificate of another key, or a file that is not one", async () => {
  await withFolder(async (folder) => {
    await mkdir(join(folder, "keys"));
    const file = join(folder, "server.cert.pem");
    const others = await loadCertificate(folder, { ...options, identity: other });
    await rejects(
      loadCertificate(folder, options),
      `cannot use ${file}: it is the certificate of another key; remove it to create a new one`,
    );
    assert.is(await readFile(file, "utf8"), others);
    await writeFile(file, "hello");
    await rejects(
      loadCertificate(folder, options),
      `cannot use ${file}: it is not a certificate; remove it to create a new one`,
    );
    assert.is(await readFile(file, "utf8"), "hello");
  });
});

test.run();
