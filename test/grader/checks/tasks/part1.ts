import { authentic } from "../authentic.ts";
import { beforePrinting } from "../before-printing.ts";
import type { Task } from "../check.ts";
import { fresh } from "../fresh.ts";
import { guess } from "../guess.ts";
import { keys } from "../keys.ts";
import { long } from "../long.ts";
import { message } from "../message.ts";
import { pieces } from "../pieces.ts";
import { replay } from "../replay.ts";
import { reply } from "../reply.ts";
import { robustOnce } from "../robust.ts";
import { secret } from "../secret.ts";
import { unaltered } from "../unaltered.ts";
import { unicode } from "../unicode.ts";

/** Characters: several blocks of RSA. */
const LONG = 600;

export const part1: Task = {
  id: "part1",
  title: "A message in pure RSA, encrypted and signed",
  keepsFolders: false,
  longText: LONG,
  checks: [
    message(9),
    reply(7),
    unicode(4),
    long(4, LONG),
    pieces(4),
    secret(16),
    guess(4),
    fresh(6),
    keys(8, "new in each run"),
    unaltered(12),
    authentic(12),
    beforePrinting(4),
    replay(6),
    robustOnce(4),
  ],
};
