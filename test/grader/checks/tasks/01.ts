import { authentic } from "../authentic.ts";
import type { Task } from "../check.ts";
import { fresh } from "../fresh.ts";
import { keys } from "../keys.ts";
import { peer, persist } from "../peer.ts";
import { replay } from "../replay.ts";
import { survives } from "../robust.ts";
import { secret } from "../secret.ts";
import { beforePrinting, unaltered } from "../unaltered.ts";
import { long, message, pieces, reply, unicode } from "../works.ts";

const LONG = 20_000;

export const exercise01: Task = {
  id: "01",
  title: "Keys in text files, reused and remembered",
  keepsFolders: true,
  checks: [
    message(8),
    reply(6),
    unicode(3),
    long(4, LONG),
    pieces(3),
    secret(16, LONG),
    fresh(4),
    keys(8, "kept"),
    persist(8),
    peer(12, { clients: true }),
    unaltered(8, LONG),
    authentic(6, LONG),
    beforePrinting(2, LONG),
    replay(6, LONG, { knowsPeers: true }),
    survives(6),
  ],
};
