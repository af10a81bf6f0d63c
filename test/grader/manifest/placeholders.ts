/**
 * The placeholders of a manifest: {message}, {reply}, {host} and {port}; in 05 {put} and {get},
 * which are names of files.
 */

export type Fill = (text: string) => string;

const PLACEHOLDER = /\{(message|reply|host|port|put|get)\}/g;

/** Returns a function that fills in `values`, and leaves other placeholders as they are. */
export function fillIn(values: Record<string, string>): Fill {
  return (text) => text.replace(PLACEHOLDER, (whole, name: string) => values[name] ?? whole);
}

/** Returns the placeholders in `text`. */
export function placeholders(text: string): string[] {
  return text.match(PLACEHOLDER) ?? [];
}
