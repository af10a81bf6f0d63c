import { authentic } from "../authentic.ts";
import type { Task } from "../check.ts";
import { keys } from "../keys.ts";
import { peer } from "../peer.ts";
import { pool, portSecret, secondPort } from "../ports.ts";
import { replay } from "../replay.ts";
import { survives } from "../robust.ts";
import { secret } from "../secret.ts";
import { unaltered } from "../unaltered.ts";
import { long, message, pieces, reply } from "../works.ts";

const LONG = 20_000;

export const exercise04: Task = {
  id: "04",
  title: "Shake hands on one port, talk on another",
  keepsFolders: true,
  checks: [
    message(8),
    reply(4),
    long(4, LONG),
    pieces(2),
    secret(10, LONG),
    keys(4, "kept"),
    peer(6),
    unaltered(8, LONG),
    authentic(6, LONG),
    replay(8, LONG, { knowsPeers: true }),
    secondPort(16),
    portSecret(8),
    pool(8),
    survives(8),
  ],
};
