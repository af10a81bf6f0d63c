import { authentic } from "../authentic.ts";
import type { Task } from "../check.ts";
import { guess } from "../guess.ts";
import { impostor } from "../impostor.ts";
import { keys } from "../keys.ts";
import { long } from "../long.ts";
import { message } from "../message.ts";
import { peer } from "../peer.ts";
import { pieces } from "../pieces.ts";
import { replay } from "../replay.ts";
import { reply } from "../reply.ts";
import { robust } from "../robust.ts";
import { second } from "../second.ts";
import { secret } from "../secret.ts";
import { stranger } from "../stranger.ts";
import { unaltered } from "../unaltered.ts";

const LONG = 20_000;

export const exercise03: Task = {
  id: "03",
  title: "Only those on the list",
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
    unaltered(6),
    authentic(6),
    replay(6, { knowsPeers: true }),
    second(8),
    stranger(14),
    impostor(14),
    robust(8),
  ],
};
