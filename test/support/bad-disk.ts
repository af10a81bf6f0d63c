/**
 * Writes each kind of file to a folder on a disk that takes nothing, and prints the errors as JSON.
 * Run it where `mount` may make one: test/unit/files/bad-disk.test.ts.
 */
import { join } from "node:path";
import process from "node:process";
import { UserList } from "../../exercises/05-ftp/ftp/server/user-list.ts";
import { Storage } from "../../exercises/05-ftp/ftp/storage/storage.ts";
import { explainToOperator, StorageError } from "../../exercises/05-ftp/ftp/storage/storage-error.ts";
import { explain } from "../../lib/cli/diagnostics.ts";
import { EventLog } from "../../lib/files/event-log.ts";
import { loadIdentity } from "../../lib/files/key-files.ts";
import { makeFolder } from "../../lib/files/make-folder.ts";
import { pin } from "../../lib/files/pins.ts";
import { createSmallFile, replaceSmallFile } from "../../lib/files/small-file.ts";
import { TableFile } from "../../lib/files/table-file.ts";

const [folder = ""] = process.argv.slice(2);
const file = (name: string) => join(folder, name);
const table = new TableFile<string[]>(file("list.csv"), {
  title: "list",
  columns: ["name"],
  mode: 0o644,
  parse: (cells) => cells,
  format: (cells) => cells,
  unique: ([name = ""]) => [name],
});
const tries: Record<string, () => Promise<unknown>> = {
  "make a folder": () => makeFolder(file("a/b")),
  "create a file": () => createSmallFile(file("new"), { text: "x".repeat(100_000), mode: 0o600 }),
  "create a file in a new folder": () =>
    createSmallFile(file("a/new"), { text: "x".repeat(100_000), mode: 0o600 }),
  "replace a file": () => replaceSmallFile(file("old"), { text: "x".repeat(100_000), mode: 0o600 }),
  "edit a list": () => table.edit((entries) => [...entries, ["x".repeat(100_000)]]),
  "make an identity": () => loadIdentity(file("keys"), "server"),
  "remember a key": () => pin(file("pins"), "name", `SHA256:${"A".repeat(43)}`, "here"),
  "open a log": () => EventLog.open(file("log"), { members: ["event"], unproved: [] }, { failed: () => {} }),
  "make a home": async () => (await Storage.open(folder, { home: "/alice" })).close(),
  "load users": () => UserList.load(file("users.csv")),
};
const errors: Record<string, string> = {};
for (const [name, work] of Object.entries(tries))
  errors[name] = await work().then(
    () => "done",
    (error) => (error instanceof StorageError ? explainToOperator(error) : explain(error)),
  );
console.log(JSON.stringify(errors));
