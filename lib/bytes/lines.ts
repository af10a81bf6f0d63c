/** Splits a stream of bytes into lines. */
import { formatSize } from "../bytes/printable.ts";
import { type Bytes, concat, decodeUtf8 } from "./bytes.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Yields each line of `stream`, without its line break (LF or CR LF); the last line may lack one.
 *
 * @param limit maximum length of a line in bytes
 * @throws Error when a line is longer, or is not UTF-8
 */
export async function* readLines(stream: AsyncIterable<Bytes>, limit: number): AsyncGenerator<string> {
  for await (const line of splitLines(stream, limit, "standard input")) yield decodeUtf8(line);
}

/**
 * Like `readLines`, but yields bytes.
 *
 * @param source names the stream in the error
 * @throws Error when a line is longer than `limit` bytes
 */
export async function* splitLines(
  stream: AsyncIterable<Bytes>,
  limit: number,
  source: string,
): AsyncGenerator<Bytes> {
  let pieces: Bytes[] = [];
  let length = 0;
  const join = () => {
    const line = concat(pieces);
    const text = line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
    if (text.length > limit) throw tooLong(limit, source);
    return text;
  };
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      pieces.push(chunk.subarray(start, end));
      yield join();
      pieces = [];
      length = 0;
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    pieces.push(rest);
    length += rest.length;
    if (length > limit + 1) throw tooLong(limit, source);
  }
  if (length > 0) yield join();
}

function tooLong(limit: number, source: string): Error {
  return new Error(
    `a line of ${source} is too long: at most ${formatSize(limit)} (${limit} bytes) are accepted`,
  );
}
