import { authentic } from "../authentic.ts";
import { beforePrinting } from "../before-printing.ts";
import type { Check, Task } from "../check.ts";
import { contents } from "../contents.ts";
import { fresh } from "../fresh.ts";
import { jail } from "../jail.ts";
import { keys } from "../keys.ts";
import { list } from "../list.ts";
import { long } from "../long.ts";
import { message } from "../message.ts";
import { names } from "../names.ts";
import { peer } from "../peer.ts";
import { pieces } from "../pieces.ts";
import { replay } from "../replay.ts";
import { reply } from "../reply.ts";
import { robust } from "../robust.ts";
import { secret } from "../secret.ts";
import { unaltered } from "../unaltered.ts";

const LONG = 20_000;

export const exercise05: Task = {
  id: "05",
  title: "FTP with encryption",
  keepsFolders: true,
  longText: LONG,
  checks: [
    as(message(8), "A file that the client puts stands in the server's folder"),
    as(reply(8), "A file that the client gets stands in its own folder"),
    as(long(4, LONG), `Files of ${LONG.toLocaleString("en")} characters arrive whole`),
    contents(6),
    list(3),
    as(pieces(2), "It does not matter how TCP cuts or joins what is sent"),
    as(secret(14), "An eavesdropper learns the contents of no file"),
    names(8),
    as(fresh(4), "The same file looks different each time"),
    as(keys(4, "either"), "Keys are long enough, and private ones stay private"),
    peer(6),
    as(unaltered(9), "An altered or shortened file is not taken for the whole"),
    as(beforePrinting(2), "Nothing of a file that was altered is kept"),
    as(authentic(5), "A file that is not the peer's is refused"),
    as(replay(5, { knowsPeers: true }), "A recorded session is refused"),
    jail(6),
    robust(6),
  ],
};

/** The same check by another name: what is printed elsewhere is a file here. */
function as(check: Check, title: string): Check {
  return { ...check, title };
}
