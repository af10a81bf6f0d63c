import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  generateIdentity,
  IDENTITY_BITS,
  importIdentity,
  importPublicIdentity,
} from "../../../lib/crypto/identity.ts";
import { sign, verify } from "../../../lib/crypto/signature.ts";
import { checkSpki } from "../../../lib/crypto/spki.ts";
import { loadPkcs8, loadSpki } from "../../support/keys.ts";
import { rejects } from "../../support/rejects.ts";

const FIELDS = ["test/v1", "hello"];

test("generateIdentity makes a pair of 3072 bits, whose stored half signs as the same", async () => {
  const { identity, pkcs8 } = await generateIdentity();
  assert.is(checkSpki(identity.spki), IDENTITY_BITS);
  assert.is(IDENTITY_BITS, 3072);
  const stored = await importIdentity(pkcs8, identity.spki);
  await verify(identity, await sign(stored, FIELDS), FIELDS);
  assert.match(identity.fingerprint, /^SHA256:[A-Za-z0-9+/]{43}$/);
  assert.is(stored.fingerprint, identity.fingerprint);
});

test("an identity can do nothing but sign and verify, and its private half cannot be taken out", async () => {
  const identity = await importIdentity(loadPkcs8("rsa-3072"), loadSpki("rsa-3072"));
  assert.equal([...identity.signingKey.usages], ["sign"]);
  assert.is(identity.signingKey.extractable, false);
  assert.equal([...identity.verificationKey.usages], ["verify"]);
});

test("importPublicIdentity refuses what checkSpki refuses", async () => {
  for (const name of ["bad-rsa-1024", "bad-rsa-e3", "bad-ec-p256", "bad-rsa-16384"] as const) {
    await rejects(importPublicIdentity(loadSpki(name)), /^the peer's public key is refused: /);
  }
});

test.run();
