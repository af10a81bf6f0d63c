/** Words of a line that somebody types at a prompt: divided by spaces, unless these are quoted as a shell has it. */

export interface Words {
  words: string[];
  /** Where in the line the last word begins, and whether it is still open: where the next key would go on with it. */
  last: { start: number; text: string };
  /** The quotation mark that is still open, if one is. */
  open: string | undefined;
}

/** Takes `line` apart: `\` quotes one character, `'` and `"` all up to the next one. */
export function parseWords(line: string): Words {
  const words: string[] = [];
  let text: string | undefined;
  let start = 0;
  let open: string | undefined;
  for (let index = 0; index < line.length; index += 1) {
    const character = line.charAt(index);
    const isSpace = open === undefined && (character === " " || character === "\t");
    if (isSpace) {
      if (text !== undefined) words.push(text);
      text = undefined;
      start = index + 1;
      continue;
    }
    text ??= "";
    if (character === open) open = undefined;
    else if (open === undefined && (character === "'" || character === '"')) open = character;
    else if (character === "\\" && open !== "'" && index + 1 < line.length) {
      index += 1;
      text += line.charAt(index);
    } else text += character;
  }
  if (text !== undefined) words.push(text);
  return { words, last: { start, text: text ?? "" }, open };
}

/** Returns `word` so that `parseWords` takes it for one word. */
export function quoteWord(word: string): string {
  return word.replace(/[\\'" \t]/g, "\\$&");
}
