/** The languages that submissions are written in: how their sources show what a program does. */

export type LanguageName =
  | "Python"
  | "Java"
  | "JavaScript"
  | "TypeScript"
  | "C"
  | "C++"
  | "Go"
  | "Perl"
  | "Ruby"
  | "PHP"
  | "C#"
  | "Rust";

export interface Language {
  name: LanguageName;
  extensions: readonly string[];
  /** Occurs in a program that waits for connections. */
  listens: RegExp;
  /** Occurs in a program that makes connections. */
  connects: RegExp;
  /** Occurs in a file that can be started; without it, every file can. */
  entry?: RegExp;
  comment: RegExp;
}

const SLASHES = /\/\*[\s\S]*?\*\/|(?<![:"'])\/\/.*/g;
const HASH = /(?<=^|\s)#.*/gm;
const C_LISTENS = /\blisten\s*\(|\baccept\s*\(|\bacceptor\b/;
const C_CONNECTS = /(?<![.\w])(?:::)?connect\s*\(/;
const NODE = {
  listens: /\bcreateServer\s*\(|\.listen\s*\(|\bnew\s+(?:net\.)?Server\b/,
  connects: /\bcreateConnection\s*\(|\b(?:net|tls)\.connect\s*\(|\.connect\s*\(|\bnew\s+(?:net\.)?Socket\b/,
  comment: SLASHES,
};

export const LANGUAGES: readonly Language[] = [
  {
    name: "Python",
    extensions: [".py"],
    listens:
      /\.(?:bind|listen|accept)\s*\(|\bcreate_server\s*\(|\bstart_server\s*\(|\bsocketserver\b|\bTCPServer\b|\bListener\s*\(/,
    connects: /\.connect(?:_ex)?\s*\(|\bcreate_connection\s*\(|\bopen_connection\s*\(|\bClient\s*\(\s*\(/,
    comment: HASH,
  },
  {
    name: "Java",
    extensions: [".java"],
    listens: /\b(?:SSL)?ServerSocket(?:Channel)?\b/,
    connects: /\bnew\s+Socket\s*\(|\bSocketChannel\.open\b|\bgetSocketFactory\b|\.createSocket\s*\(/,
    entry: /\bstatic\s+(?:final\s+)?void\s+main\s*\(/,
    comment: SLASHES,
  },
  { name: "JavaScript", extensions: [".js", ".mjs", ".cjs"], ...NODE },
  { name: "TypeScript", extensions: [".ts", ".mts"], ...NODE },
  {
    name: "C",
    extensions: [".c"],
    listens: C_LISTENS,
    connects: C_CONNECTS,
    entry: /\bmain\s*\(/,
    comment: SLASHES,
  },
  {
    name: "C++",
    extensions: [".cpp", ".cc", ".cxx"],
    listens: C_LISTENS,
    connects: C_CONNECTS,
    entry: /\bmain\s*\(/,
    comment: SLASHES,
  },
  {
    name: "Go",
    extensions: [".go"],
    listens: /\b(?:net|tls)\.Listen(?:TCP)?\s*\(/,
    connects: /\b(?:net|tls)\.Dial\w*\s*\(/,
    entry: /\bfunc\s+main\s*\(\s*\)/,
    comment: SLASHES,
  },
  {
    name: "Perl",
    extensions: [".pl"],
    listens: /\bListen\s*=>|\blisten\s*[( ]|\baccept\s*[( ]/,
    connects: /\bPeer(?:Addr|Host|Port)\s*=>|\bconnect\s*[( ]/,
    comment: HASH,
  },
  { name: "Ruby", extensions: [".rb"], listens: /\bTCPServer\b/, connects: /\bTCPSocket\b/, comment: HASH },
  {
    name: "PHP",
    extensions: [".php"],
    listens: /\bsocket_listen\b|\bstream_socket_server\b/,
    connects: /\bsocket_connect\b|\bstream_socket_client\b|\bfsockopen\b/,
    comment: SLASHES,
  },
  {
    name: "C#",
    extensions: [".cs"],
    listens: /\bTcpListener\b|\.Listen\s*\(/,
    connects: /\bnew\s+TcpClient\b|\.Connect\s*\(/,
    entry: /\bstatic\s+(?:async\s+)?(?:void|int|Task)\s+Main\s*\(/,
    comment: SLASHES,
  },
  {
    name: "Rust",
    extensions: [".rs"],
    listens: /\bTcpListener\b/,
    connects: /\bTcpStream::connect\b/,
    entry: /\bfn\s+main\s*\(/,
    comment: SLASHES,
  },
];

/** Returns the language of a file by its name. */
export function languageOf(path: string): Language | undefined {
  const name = path.toLowerCase();
  return LANGUAGES.find(({ extensions }) => extensions.some((extension) => name.endsWith(extension)));
}
