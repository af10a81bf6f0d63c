import { authentic } from "../authentic.ts";
import type { Task } from "../check.ts";
import { fresh } from "../fresh.ts";
import { keys } from "../keys.ts";
import { replay } from "../replay.ts";
import { survivesOnce } from "../robust.ts";
import { secret } from "../secret.ts";
import { beforePrinting, unaltered } from "../unaltered.ts";
import { long, message, pieces, reply, unicode } from "../works.ts";

const LONG = 20_000;

export const part2: Task = {
  id: "part2",
  title: "Hybrid encryption",
  keepsFolders: false,
  checks: [
    message(10),
    reply(8),
    unicode(4),
    long(6, LONG),
    pieces(4),
    secret(18, LONG),
    fresh(6),
    keys(6, "new in each run"),
    unaltered(12, LONG),
    authentic(10, LONG),
    beforePrinting(4, LONG),
    replay(8, LONG),
    survivesOnce(4),
  ],
};
