/** Writes the exchanges of a check, as text and as a capture for Wireshark. */
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { captureOf } from "./capture.ts";
import { fileNameOf } from "./file-name.ts";
import { type Exchange, transcriptLines } from "./transcript.ts";
import { oneLine } from "./visible.ts";

/** The length at which a transcript ends, in characters: a flood would make it endless. */
const TEXT_LIMIT = 32 * 1024 * 1024;

export interface Recorded extends Exchange {
  /** Milliseconds since 1970. */
  started: number;
}

/**
 * Writes `TASK.CHECK.txt` and `TASK.CHECK.pcapng` into `folder`, which is made if it is missing.
 *
 * @param check task, check and title, and the command that repeats the check
 * @throws Error if they cannot be written
 */
export async function saveTranscripts(
  folder: string,
  check: { task: string; id: string; title: string; repeat: string },
  exchanges: readonly Recorded[],
): Promise<void> {
  const file = join(folder, fileNameOf(`${check.task}.${check.id}`));
  await mkdir(folder, { recursive: true });
  await pipeline(Readable.from(text(check, exchanges)), createWriteStream(`${file}.txt`));
  await writeFile(`${file}.pcapng`, captureOf(exchanges));
}

function* text(
  { task, id, title, repeat }: Parameters<typeof saveTranscripts>[1],
  exchanges: readonly Recorded[],
): Generator<string> {
  yield `${oneLine(`${task}/${id}: ${title}`)}\nagain: ${oneLine(repeat)}\n\n`;
  let length = 0;
  for (const line of transcriptLines(exchanges)) {
    length += line.length + 1;
    if (length > TEXT_LIMIT) {
      yield `⋯ the rest is left out: a transcript ends at ${TEXT_LIMIT / 1024 / 1024} MiB\n`;
      return;
    }
    yield `${line}\n`;
  }
}
