/** The name of a person on the command line. */
import { quoted } from "../../lib/bytes/printable.ts";
import { UsageError } from "../../lib/cli/diagnostics.ts";
import { isChatName, NAME_LIMIT } from "./chat-record.ts";

/** Returns the name that `words` are. @throws UsageError when it is missing or none */
export function parsePerson(words: readonly string[]): string {
  const name = words.join(" ");
  if (name === "") throw new UsageError('expected your name, such as "Alice"; see --help');
  if (isChatName(name)) return name;
  throw new UsageError(
    `the name ${quoted(name)}: expected at most ${NAME_LIMIT} bytes of visible characters without a colon`,
  );
}
