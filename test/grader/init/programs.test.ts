/** Finding the two programs, and how they are started, from their sources alone. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { launchOf } from "./build.ts";
import { languageOf } from "./languages.ts";
import { addressesIn, fileNamesIn, fixedText, stringsIn } from "./literals.ts";
import { findPairs } from "./programs.ts";
import { importsOf, type Source } from "./sources.ts";
import { guessTask, taskFolders } from "./task-guess.ts";

function source(path: string, code: string): Source {
  const language = languageOf(path);
  if (!language) throw new TypeError(path);
  return { path, language, text: code, code };
}

const LISTENS = "import socket\ns.bind(('', 5000))\ns.listen()";
const CONNECTS = "import socket\ns.connect(('localhost', 5000))";

function bestOf(...sources: Source[]): string[] {
  const [best] = findPairs(sources);
  return best ? [best.server.source.path, best.client.source.path] : [];
}

test("findPairs looks at what programs do, not only at their names", () => {
  assert.equal(bestOf(source("a.py", LISTENS), source("b.py", CONNECTS)), ["a.py", "b.py"]);
  assert.equal(bestOf(source("alice.py", LISTENS), source("bob.py", CONNECTS)), ["alice.py", "bob.py"]);
  assert.equal(bestOf(source("server.py", "print('nothing')"), source("client.py", CONNECTS)), []);
});

test("findPairs prefers programs of one folder, and those that encrypt", () => {
  const plain = [source("plain/server.py", LISTENS), source("plain/client.py", CONNECTS)];
  const secure = ["server", "client"].map((name) =>
    source(`secure/${name}.py`, `from Crypto.Cipher import AES\n${name === "server" ? LISTENS : CONNECTS}`),
  );
  assert.equal(bestOf(...plain, ...secure), ["secure/server.py", "secure/client.py"]);
});

test("findPairs follows imports, and takes one program for both sides if there is no other", () => {
  const helper = source("net.py", `${LISTENS}\n${CONNECTS}`);
  const sources = [helper, source("server.py", "import net"), source("client.py", "from net import dial")];
  assert.equal(bestOf(...sources), ["server.py", "client.py"]);
  assert.equal(bestOf(source("chat.py", `${LISTENS}\n${CONNECTS}`)), ["chat.py", "chat.py"]);
});

test("findPairs knows the classes of Java and the main functions of C", () => {
  const main = "public static void main(String[] a)";
  assert.equal(
    bestOf(
      source("Srv.java", `${main} { new ServerSocket(1); }`),
      source("Cl.java", `${main} { new Socket("h", 1); }`),
      source("Helper.java", "class Helper { ServerSocket s; Socket t = new Socket(h, 1); }"),
    ),
    ["Srv.java", "Cl.java"],
  );
  assert.equal(
    bestOf(
      source("s.c", "int main(void) { listen(s, 1); }"),
      source("c.c", "int main(void) { connect(s, a, n); }"),
    ),
    ["s.c", "c.c"],
  );
});

test("launchOf builds what needs it", () => {
  const c = source("src/server.c", '#include <math.h>\n#include "aes.h"\nint main(void) {}');
  const aes = source("src/aes.c", "void aes(void) {}");
  assert.equal(launchOf({ source: c, imports: importsOf(c, [c, aes]) }), {
    folder: "src",
    prepare: [["gcc", "-o", "server.out", "server.c", "aes.c", "-lm"]],
    command: ["./server.out"],
  });
  const java = source("src/lab/net/Server.java", "package lab.net;\nclass Server {}");
  const { folder, command, prepare } = launchOf({ source: java, imports: [] });
  assert.equal(
    [folder, command.at(-1), prepare[0]?.at(-1)],
    ["src", "lab.net.Server", "lab/net/Server.java"],
  );
  const package_ = source("chat/server.py", "from .keys import load");
  assert.equal(launchOf({ source: package_, imports: [] }).command, ["python3", "-m", "chat.server"]);
});

test("stringsIn decodes escapes, and does not end at an escaped quotation mark", () => {
  assert.equal(stringsIn({ code: String.raw`x = "a\"b\n" + 'c\x41' + """d "e" f"""` }), [
    'a"b\n',
    "cA",
    'd "e" f',
  ]);
});

test("addressesIn and fileNamesIn leave out this machine, and what is no file", () => {
  const sources = [
    source("a.py", "c('192.168.1.23', '127.0.0.1', '0.0.0.0', '999.1.1.1', './keys/pub.pem', 'a b. c')"),
  ];
  assert.equal(addressesIn(sources), ["192.168.1.23"]);
  assert.equal(fileNamesIn(sources), ["keys/pub.pem"]);
});

test("fixedText returns what only the sender spells out", () => {
  const sender = [source("c.py", 's.send(f"Hello from {name}".encode())\nprint("connected")')];
  const receiver = [source("s.py", 'print("connected", data)')];
  assert.is(fixedText(sender, "connected Hello from alice", receiver), "Hello from");
  assert.is(fixedText(sender, "connected", receiver), undefined);
});

test("guessTask and taskFolders read names, then the cipher", () => {
  const two = [source("part1/server.py", LISTENS), source("part2/server.py", LISTENS)];
  assert.equal(
    [...taskFolders(two)],
    [
      ["part1", "part1"],
      ["part2", "part2"],
    ],
  );
  assert.is(guessTask("team7", [source("a.py", "from Crypto.Cipher import AES")]).task, "part2");
  assert.is(guessTask("team7", [source("a.py", "pow(m, e, n)")]).task, "part1");
  assert.is(guessTask("01-persisted-keys", []).task, "01");
});

test.run();
