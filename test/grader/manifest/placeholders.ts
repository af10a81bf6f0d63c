/** The placeholders of a manifest: {message}, {reply}, {host}, {port}; in 05 {put} and {get}, the names of files. */

export type Fill = (text: string) => string;

const PLACEHOLDER = /\{(message|reply|host|port|put|get)\}/g;

/** Returns what puts the values in their places; those that it has none for are left as they are. */
export function fillIn(values: Record<string, string>): Fill {
  return (text) => text.replace(PLACEHOLDER, (whole, name: string) => values[name] ?? whole);
}

/** The placeholders that are in `text`. */
export function placeholders(text: string): string[] {
  return text.match(PLACEHOLDER) ?? [];
}
