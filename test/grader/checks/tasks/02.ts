import { authentic } from "../authentic.ts";
import { beforePrinting } from "../before-printing.ts";
import type { Task } from "../check.ts";
import { fresh } from "../fresh.ts";
import { guess } from "../guess.ts";
import { keys } from "../keys.ts";
import { long } from "../long.ts";
import { message } from "../message.ts";
import { peer } from "../peer.ts";
import { pieces } from "../pieces.ts";
import { replay } from "../replay.ts";
import { reply } from "../reply.ts";
import { robust } from "../robust.ts";
import { secret } from "../secret.ts";
import { structure } from "../structure.ts";
import { unaltered } from "../unaltered.ts";
import { unicode } from "../unicode.ts";

const LONG = 20_000;

export const exercise02: Task = {
  id: "02",
  title: "All cryptography behind one channel",
  keepsFolders: true,
  longText: LONG,
  checks: [
    message(8),
    reply(6),
    unicode(3),
    long(4, LONG),
    pieces(3),
    secret(11),
    guess(3),
    fresh(4),
    keys(4, "kept"),
    peer(8),
    unaltered(10),
    authentic(8),
    beforePrinting(2),
    replay(10, { knowsPeers: true }),
    robust(12),
    structure(4, "exercises/02-refactor"),
  ],
};
