/**
 * Uploads files as exercise 05's server does, until it is killed, and prints a line for each
 * acknowledged file:
 *
 *     uploader.ts ROOT FIRST      `done NAME LENGTH BYTE`: NAME has LENGTH bytes of value BYTE
 *
 * Some files are new, some replaced, some continued. FIRST differs between runs, so that no two
 * write the same bytes.
 */
import { writeSync } from "node:fs";
import process from "node:process";
import { Storage } from "../../exercises/05-ftp/ftp/storage/storage.ts";

const LENGTHS = [1, 1000, 300_000, 700_000];

const [root = "", first = "0"] = process.argv.slice(2);
const storage = await Storage.open(root, { quota: 1e9 });
for (let round = Number(first); ; round += 1) {
  const byte = round % 251;
  const length = LENGTHS[round % LENGTHS.length] ?? 1;
  await upload(`/replaced${round % 3}`, length, byte, "replace");
  await upload(`/new${round}`, length, byte, "replace");
  await upload(`/new${round}`, 10, byte, "append", length + 10);
}

async function upload(
  path: string,
  length: number,
  byte: number,
  mode: "replace" | "append",
  total = length,
): Promise<void> {
  writeSync(1, `begin ${path} ${total} ${byte}\n`);
  const target = await storage.write(path, { mode });
  for (let left = length; left > 0; left -= 50_000)
    await target.write(new Uint8Array(Math.min(left, 50_000)).fill(byte));
  await target.commit();
  // in one system call, so that the acknowledgement survives even if the next instruction is the
  // last
  writeSync(1, `done ${path} ${total} ${byte}\n`);
}
