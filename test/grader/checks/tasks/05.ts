import { authentic } from "../authentic.ts";
import { beforePrinting } from "../before-printing.ts";
import type { Check, Task } from "../check.ts";
import { contents } from "../contents.ts";
import { fresh } from "../fresh.ts";
import { guess } from "../guess.ts";
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
    withTitle(message(7), "A file that the client puts arrives in the server's folder"),
    withTitle(reply(7), "A file that the client gets arrives in its own folder"),
    withTitle(long(4, LONG), `Files of ${LONG.toLocaleString("en")} characters arrive whole`),
    contents(5),
    list(3),
    withTitle(pieces(2), "It does not matter how TCP cuts or joins what is sent"),
    withTitle(secret(12), "An eavesdropper learns the contents of no file"),
    withTitle(guess(3), "A guess at the contents of a file cannot be confirmed"),
    names(8),
    withTitle(fresh(4), "The same file looks different each time"),
    withTitle(keys(4, "either"), "Keys are long enough, and private ones stay private"),
    peer(6),
    withTitle(unaltered(10), "An altered or shortened file is not taken for the whole"),
    withTitle(beforePrinting(2), "Nothing of a file that was altered is kept"),
    withTitle(authentic(6), "A file that is not the peer's is refused"),
    withTitle(replay(5, { knowsPeers: true }), "A recorded session is refused"),
    jail(6),
    robust(6),
  ],
};

/** The same check with another title: other tasks print what this one stores in a file. */
function withTitle(check: Check, title: string): Check {
  return { ...check, title };
}
