import { authentic } from "../authentic.ts";
import type { Task } from "../check.ts";
import { fresh } from "../fresh.ts";
import { keys } from "../keys.ts";
import { replay } from "../replay.ts";
import { survivesOnce } from "../robust.ts";
import { secret } from "../secret.ts";
import { beforePrinting, unaltered } from "../unaltered.ts";
import { long, message, pieces, reply, unicode } from "../works.ts";

/** Characters: several blocks of RSA. */
const LONG = 600;

export const part1: Task = {
  id: "part1",
  title: "A message in pure RSA, encrypted and signed",
  keepsFolders: false,
  checks: [
    message(10),
    reply(8),
    unicode(4),
    long(4, LONG),
    pieces(4),
    secret(18, LONG),
    fresh(6),
    keys(8, "new in each run"),
    unaltered(12, LONG),
    authentic(12, LONG),
    beforePrinting(4, LONG),
    replay(6, LONG),
    survivesOnce(4),
  ],
};
