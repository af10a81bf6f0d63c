import { authentic } from "../authentic.ts";
import type { Task } from "../check.ts";
import { guess } from "../guess.ts";
import { keys } from "../keys.ts";
import { long } from "../long.ts";
import { message } from "../message.ts";
import { peer } from "../peer.ts";
import { pieces } from "../pieces.ts";
import { pool } from "../pool.ts";
import { portSecret } from "../port-secret.ts";
import { replay } from "../replay.ts";
import { reply } from "../reply.ts";
import { robust } from "../robust.ts";
import { secondPort } from "../second-port.ts";
import { secret } from "../secret.ts";
import { unaltered } from "../unaltered.ts";

const LONG = 20_000;

export const exercise04: Task = {
  id: "04",
  title: "Shake hands on one port, talk on another",
  keepsFolders: true,
  longText: LONG,
  checks: [
    message(8),
    reply(4),
    long(4, LONG),
    pieces(2),
    secret(8),
    guess(2),
    keys(4, "kept"),
    peer(6),
    unaltered(8),
    authentic(6),
    replay(8, { knowsPeers: true }),
    secondPort(16),
    portSecret(8),
    pool(8),
    robust(8),
  ],
};
