/** The two texts that name a peer: the name of its identity, and the fingerprint of its key. */

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
// 43 characters of base64 that encode 32 bytes: the last one carries four bits
const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]$/;

/**
 * Says whether `name` is a valid name of an identity: 1 to 64 letters, digits, `.`, `_` and `-`,
 * starting with a letter or a digit. Such a name is a valid file name everywhere, and never leads
 * out of its folder.
 */
export function isName(name: string): boolean {
  return NAME.test(name);
}

/**
 * Says whether `text` is a fingerprint, as OpenSSH prints it: `SHA256:` and the unpadded base64 of
 * 32 bytes.
 */
export function isFingerprint(text: string): boolean {
  return FINGERPRINT.test(text);
}
