/** What the server answers: one map from verb to handler. */

import { ACCESS } from "./access-verbs.ts";
import { FILES } from "./file-verbs.ts";
import { information } from "./info-verbs.ts";
import type { Verb } from "./session.ts";
import { TRANSFER } from "./transfer-verbs.ts";

/** Old names, which some clients still use (RFC 775, RFC 1123 §4.1.3.1). */
const ALIASES = { XCUP: "CDUP", XCWD: "CWD", XMKD: "MKD", XPWD: "PWD", XRMD: "RMD" };

const own: ReadonlyMap<string, Verb> = new Map(
  Object.entries({ ...ACCESS, ...information(() => own), ...FILES, ...TRANSFER }),
);

export const VERBS: ReadonlyMap<string, Verb> = new Map([
  ...own,
  ...Object.entries(ALIASES).flatMap(([old, name]): [string, Verb][] => {
    const verb = own.get(name);
    return verb ? [[old, verb]] : [];
  }),
]);
