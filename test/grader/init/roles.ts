/** What a program asks for, told from the words of a prompt, a variable or an option. */

/** What a program can be given. `choice` is one of several that it lists. */
export type Role =
  | "host"
  | "port"
  | "name"
  | "password"
  | "message"
  | "yes"
  | "choice"
  | "prime"
  | "other prime"
  | "number"
  | "key"
  | "size"
  | "file"
  | "mode";

/** In prompts and names in English, and in the languages of a few neighbours. */
const WORDS: readonly (readonly [role: Role, words: RegExp])[] = [
  ["yes", /\(?\by(?:es)?\s*(?:\/|or)\s*n(?:o)?\b|\bs\s*\/\s*n\b|\bj\s*\/\s*n\b/],
  ["port", /\bport\b|\bport(?=\d|num|no\b|_)|\bpuerto\b|\bporta\b|_port\b|\bp_?ort/],
  [
    "host",
    /\bip\b|\bipv?\d?\b|\bip(?=_|addr)|_ip\b|\baddr(?:ess)?\b|address\b|\bhost(?:name)?\b|host\b|\bdirecci[oó]n\b|\badresse?\b|\bserver ?name\b|\bdomain\b/,
  ],
  [
    "name",
    /\buser ?(?:name|id)?\b|username|\bnick(?:name)?\b|\bnames?\b|\balias\b|\blogin\b|\bnombre\b|\bnome\b|\bnom\b|\bisim\b|\bwho are you\b/,
  ],
  ["password", /\bpass(?:word|phrase|code|wd)?\b|\bcontraseñ?n?a\b|\bsenha\b|\bpasswort\b|\bşifre\b/],
  ["choice", /\bchoice\b|\bchoose\b|\boption\b|\bselect\b|\bopci[oó]n\b|\bop[cç][aã]o\b|\bmenu\b/],
  ["mode", /\bmode\b|\brole\b/],
  ["size", /\bkey[ _-]?(?:size|length|bits)\b|\bbits\b|\bsize of (?:the )?key\b/],
  ["file", /\bfile ?(?:name|path)?\b|\bpath\b|\bfilename\b|\barchivo\b|\bfichero\b/],
  [
    "message",
    /\bmess?age\b|\bmsg\b|\btexts?\b|plaintext|message|\breply\b|\brespon[sd]e?\b|\banswer\b|\bsend\b|\bsay\b|\bsentence\b|\bmensa(?:je|gem)\b|\bnachricht\b|\bmesaj\b|\bmessaggio\b|\bchat\b|\byou\b|\btype\b|\bdata\b|\bstring\b/,
  ],
  [
    "other prime",
    /\bprime\b.*\bq\b|\bq\b.*\bprime\b|\b(?:(?:an)?other|second|2nd) (?:prime|number)\b|\bq\s*[=:]/,
  ],
  ["prime", /\bprime\b|\bp\s*[=:]/],
  ["key", /\bkey\b|\bclave\b|\bschl[uü]ssel\b|\bsecret\b/],
  ["number", /\bnumber\b|\binteger\b|\bvalue of\b|\bshift\b|\bgenerator\b|\bg\s*[=:]|\be\s*[=:]/],
];

/**
 * Returns the role whose word comes first in `text`; undefined if no word is known. What is to be
 * chosen says more than that it is.
 */
export function roleOf(text: string): Role | undefined {
  const words = text.toLowerCase().replaceAll(/[_-]+/g, " ");
  let best: { role: Role; at: number } | undefined;
  for (const [role, pattern] of WORDS) {
    const at = words.search(pattern);
    const isBetter = best === undefined || best.role === "choice" || (at < best.at && role !== "choice");
    if (at >= 0 && isBetter) best = { role, at };
  }
  return best?.role;
}
