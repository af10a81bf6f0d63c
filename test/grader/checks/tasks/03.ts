import { impostor, second, stranger } from "../allow-list.ts";
import { authentic } from "../authentic.ts";
import type { Task } from "../check.ts";
import { keys } from "../keys.ts";
import { peer } from "../peer.ts";
import { replay } from "../replay.ts";
import { survives } from "../robust.ts";
import { secret } from "../secret.ts";
import { unaltered } from "../unaltered.ts";
import { long, message, pieces, reply } from "../works.ts";

const LONG = 20_000;

export const exercise03: Task = {
  id: "03",
  title: "Only those on the list",
  keepsFolders: true,
  checks: [
    message(8),
    reply(4),
    long(4, LONG),
    pieces(2),
    secret(10, LONG),
    keys(4, "kept"),
    peer(6),
    unaltered(6, LONG),
    authentic(6, LONG),
    replay(6, LONG, { knowsPeers: true }),
    second(8),
    stranger(14),
    impostor(14),
    survives(8),
  ],
};
