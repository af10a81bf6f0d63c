/** Files that programs transfer, in tasks in which they do. */
import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Bytes } from "../../../../lib/bytes/bytes.ts";
import { oncePerTask, type SharedExchanges } from "../../exchange/shared-exchanges.ts";
import type { TaskManifest } from "../../manifest/manifest.ts";
import type { Side } from "../../model/direction.ts";
import type { Outcome } from "../../model/outcome.ts";
import { NotShown } from "../../model/verdict-errors.ts";
import { fileNameFor, pathFor } from "../../run/stored-file-names.ts";

/** The program of the manifest that lists the server's files. */
export const LIST = "list";

/** Where the programs keep their files. @throws NotShown when the manifest does not say */
export function filePlaces({ prepared }: SharedExchanges): NonNullable<TaskManifest["files"]> {
  const { files } = prepared.manifest;
  if (!files) throw new NotShown("the manifest does not say where the files are");
  return files;
}

/**
 * Returns the content of a file that a program left behind, or undefined if there is none. The
 * session of the exchange has kept its folders.
 *
 * @param path relative to the task's folder
 */
export function leftBehind(
  { prepared }: SharedExchanges,
  { session }: Outcome,
  side: Side,
  path: string | undefined,
): Bytes | undefined {
  const folder = session.folderOf(side);
  if (folder === undefined || path === undefined) return undefined;
  const file = join(folder, prepared.manifest.folder, path);
  if (!lstatSync(file, { throwIfNoEntry: false })?.isFile()) return undefined;
  return new Uint8Array(readFileSync(file));
}

/** An exchange in which the client lists the server's files, and the names that it should print. */
export interface Listing {
  outcome: Outcome;
  names: string[];
}

/** Lists the server's files; undefined if the manifest has no program for that. */
export const listFiles = oncePerTask("a list", async (exchanges): Promise<Listing | undefined> => {
  const { prepared } = exchanges;
  if (prepared.manifest.programs[LIST] === undefined) return undefined;
  const { server } = filePlaces(exchanges);
  const more = [1, 2].map((number) => fileNameFor(exchanges.text(`one of a list, ${number}`)));
  const serverFiles = more.flatMap((name) => {
    const path = pathFor(server.get, name);
    return path === undefined ? [] : [{ path, content: prepared.random(name, 60) }];
  });
  const outcome = await exchanges.runInNewSession({
    title: "a list",
    client: LIST,
    serverFiles,
    patient: true,
  });
  return { names: [...more, fileNameFor(outcome.reply)], outcome };
});
