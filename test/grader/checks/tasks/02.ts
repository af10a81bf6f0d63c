import { authentic } from "../authentic.ts";
import type { Task } from "../check.ts";
import { fresh } from "../fresh.ts";
import { keys } from "../keys.ts";
import { peer } from "../peer.ts";
import { replay } from "../replay.ts";
import { survives } from "../robust.ts";
import { secret } from "../secret.ts";
import { structure } from "../structure.ts";
import { beforePrinting, unaltered } from "../unaltered.ts";
import { long, message, pieces, reply, unicode } from "../works.ts";

const LONG = 20_000;

export const exercise02: Task = {
  id: "02",
  title: "All cryptography behind one channel",
  keepsFolders: true,
  checks: [
    message(8),
    reply(6),
    unicode(3),
    long(4, LONG),
    pieces(3),
    secret(14, LONG),
    fresh(4),
    keys(4, "kept"),
    peer(8),
    unaltered(10, LONG),
    authentic(8, LONG),
    beforePrinting(2, LONG),
    replay(10, LONG, { knowsPeers: true }),
    survives(12),
    structure(4, "exercises/02-refactor"),
  ],
};
