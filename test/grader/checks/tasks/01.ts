import { authentic } from "../authentic.ts";
import { beforePrinting } from "../before-printing.ts";
import type { Task } from "../check.ts";
import { fresh } from "../fresh.ts";
import { guess } from "../guess.ts";
import { keys } from "../keys.ts";
import { long } from "../long.ts";
import { message } from "../message.ts";
import { peer } from "../peer.ts";
import { persist } from "../persist.ts";
import { pieces } from "../pieces.ts";
import { replay } from "../replay.ts";
import { reply } from "../reply.ts";
import { robust } from "../robust.ts";
import { secret } from "../secret.ts";
import { unaltered } from "../unaltered.ts";
import { unicode } from "../unicode.ts";

const LONG = 20_000;

export const exercise01: Task = {
  id: "01",
  title: "Keys in text files, reused and remembered",
  keepsFolders: true,
  longText: LONG,
  checks: [
    message(8),
    reply(6),
    unicode(3),
    long(4, LONG),
    pieces(3),
    secret(13),
    guess(3),
    fresh(4),
    keys(8, "kept"),
    persist(8),
    peer(12, { clients: true }),
    unaltered(8),
    authentic(6),
    beforePrinting(2),
    replay(6, { knowsPeers: true }),
    robust(6),
  ],
};
