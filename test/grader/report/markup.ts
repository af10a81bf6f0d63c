/** HTML, SVG and XML in which text from a submission stays text. */
import { visible } from "./visible.ts";

/** Markup, as opposed to text that must be escaped. Made by `markup`. */
export class Markup {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

type Hole = Markup | string | number | undefined | false | readonly Hole[];

/**
 * A template whose holes are escaped unless they are markup. Lists are joined; undefined and false
 * are left out.
 *
 * Attributes must stand in double quotation marks.
 */
export function markup(pieces: TemplateStringsArray, ...holes: readonly Hole[]): Markup {
  return new Markup(
    pieces.map((piece, index) => (index === 0 ? "" : fill(holes[index - 1])) + piece).join(""),
  );
}

function fill(hole: Hole): string {
  if (hole === undefined || hole === false) return "";
  if (hole instanceof Markup) return hole.source;
  if (typeof hole === "object") return hole.map(fill).join("");
  return escapeMarkup(String(hole));
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Returns `text` escaped for HTML and XML, between tags or in an attribute.
 *
 * Invisible characters are made visible, so no character remains that XML 1.0 §2.2 forbids.
 */
export function escapeMarkup(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
