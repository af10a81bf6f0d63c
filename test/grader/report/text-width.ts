/** How wide text is on a terminal, where characters take one place, two, or none. */

const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;

/** Cuts `text` into lines of at most `width` characters, at spaces where there are some. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(" ")) {
      if (line !== "" && widthOf(line) + 1 + widthOf(word) > width) {
        lines.push(line);
        line = "";
      }
      line += line === "" ? word : ` ${word}`;
      while (widthOf(line) > width) {
        const fitting = [...line].slice(0, fit(line, width)).join("");
        lines.push(fitting);
        line = line.slice(fitting.length);
      }
    }
    lines.push(line);
  }
  return lines;
}

/** How many characters of `line` fit into `width` places; at least one. */
function fit(line: string, width: number): number {
  let places = 0;
  let count = 0;
  for (const character of line) {
    places += widthOf(character);
    if (places > width) break;
    count += 1;
  }
  return Math.max(count, 1);
}

/** Fills `text` up to `width` places with spaces. */
export function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

/** The places that `text` takes on a terminal: two for wide characters, none for combining ones. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text)
    width += WIDE.test(character) ? 2 : /[\p{M}\u200c\u200d]/u.test(character) ? 0 : 1;
  return width;
}

/** Returns as much of `text` as fits into `width` places; an ellipsis stands for the rest. */
export function cut(text: string, width: number): string {
  if (text.length <= width && widthOf(text) <= width) return text;
  const kept: string[] = [];
  let places = 1;
  for (const character of text) {
    places += widthOf(character);
    if (places > width) return `${kept.join("")}…`;
    kept.push(character);
  }
  return text;
}
