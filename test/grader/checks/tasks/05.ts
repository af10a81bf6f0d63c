import { authentic } from "../authentic.ts";
import type { Check, Task } from "../check.ts";
import { names } from "../file-names.ts";
import { contents, listing } from "../files.ts";
import { fresh } from "../fresh.ts";
import { jail } from "../jail.ts";
import { keys } from "../keys.ts";
import { peer } from "../peer.ts";
import { replay } from "../replay.ts";
import { survives } from "../robust.ts";
import { secret } from "../secret.ts";
import { beforePrinting, unaltered } from "../unaltered.ts";
import { long, message, pieces, reply } from "../works.ts";

const LONG = 20_000;

export const exercise05: Task = {
  id: "05",
  title: "FTP with encryption",
  keepsFolders: true,
  checks: [
    as(message(8), "A file that the client puts stands in the server's folder"),
    as(reply(8), "A file that the client gets stands in its own folder"),
    as(long(4, LONG), `Files of ${LONG.toLocaleString("en")} characters arrive whole`),
    contents(6),
    listing(3),
    as(pieces(2), "It does not matter how TCP cuts or joins what is sent"),
    as(secret(14, LONG), "An eavesdropper learns the contents of no file"),
    names(8),
    as(fresh(4), "The same file looks different each time"),
    as(keys(4, "either"), "Keys are long enough, and private ones stay private"),
    peer(6),
    as(unaltered(9, LONG), "An altered or shortened file is not taken for the whole"),
    as(beforePrinting(2, LONG), "Nothing of a file that was altered is kept"),
    as(authentic(5, LONG), "A file that is not the peer's is refused"),
    as(replay(5, LONG, { knowsPeers: true }), "A recorded session is refused"),
    jail(6),
    survives(6),
  ],
};

/** The same check by another name: what is printed elsewhere is a file here. */
function as(check: Check, title: string): Check {
  return { ...check, title };
}
