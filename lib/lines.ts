/** Lines of text out of a stream of bytes. */
import { type Bytes, concat, decodeUtf8 } from "./bytes.ts";
import { formatSize } from "./size.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Yields each line of `stream`, without its line break (LF or CR LF); the last needs none.
 *
 * @param limit bytes of the longest line
 * @throws Error when a line is longer, or is not UTF-8
 */
export async function* readLines(stream: AsyncIterable<Bytes>, limit: number): AsyncGenerator<string> {
  let pieces: Bytes[] = [];
  let length = 0;
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      yield decodeLine([...pieces, chunk.subarray(start, end)], limit);
      pieces = [];
      length = 0;
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    pieces.push(rest);
    length += rest.length;
    if (length > limit + 1) throw tooLong(limit);
  }
  if (length > 0) yield decodeLine(pieces, limit);
}

function decodeLine(pieces: Bytes[], limit: number): string {
  const line = concat(pieces);
  const text = line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
  if (text.length > limit) throw tooLong(limit);
  return decodeUtf8(text);
}

function tooLong(limit: number): Error {
  return new Error(
    `a line of standard input is too long: at most ${formatSize(limit)} (${limit} bytes) are taken`,
  );
}
