/** The arguments that sources and usage lines ask for. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { argumentsFor, argumentsOfUsage } from "./arguments.ts";
import { languageOf } from "./languages.ts";
import type { Source } from "./sources.ts";

function source(path: string, code: string): Source {
  const language = languageOf(path);
  if (!language) throw new TypeError(path);
  return { path, language, text: code, code };
}

const client = (path: string, code: string) => argumentsFor(source(path, code), "client");

test("argumentsFor reads variables that positions are assigned to", () => {
  assert.equal(client("a.py", "host = sys.argv[1]\nport = int(sys.argv[2])\nmsg = sys.argv[3]"), [
    "{host}",
    "{port}",
    "{message}",
  ]);
  assert.equal(client("a.py", "host, port = sys.argv[1], int(sys.argv[2])"), ["{host}", "{port}"]);
  assert.equal(client("a.py", "_, port, host = sys.argv\n"), ["{port}", "{host}"]);
  assert.equal(client("a.py", "s.connect((sys.argv[1], int(sys.argv[2])))"), ["{host}", "{port}"]);
  assert.equal(
    client("A.java", "int serverPort = Integer.parseInt(args[1]); String serverAddress = args[0];"),
    ["{host}", "{port}"],
  );
  assert.equal(client("a.js", "const [host, port] = process.argv.slice(2);"), ["{host}", "{port}"]);
  assert.equal(client("a.js", "const port = Number(process.argv[2]);"), ["{port}"]);
  assert.equal(client("a.c", "inet_pton(AF_INET, argv[1], &a.sin_addr);\na.sin_port = atoi(argv[2]);"), [
    "{host}",
    "{port}",
  ]);
  assert.equal(client("a.pl", "my ($host, $message) = @ARGV;"), ["{host}", "{message}"]);
  assert.equal(client("a.py", "data = ' '.join(sys.argv[1:])"), ["{message}"]);
  assert.equal(client("a.js", "send(process.argv.slice(3).join(' '), process.argv[2])"), [
    "{host}",
    "{message}",
  ]);
  assert.equal(client("a.py", "print('no arguments')"), []);
});

test("argumentsFor gives the server the reply", () => {
  assert.equal(argumentsFor(source("a.py", "message = sys.argv[1]"), "server"), ["{reply}"]);
});

test("argumentsFor picks the word that an argument is compared with", () => {
  const code = "if sys.argv[1] == 'server':\n  serve()\nelif sys.argv[1] == 'client':\n  connect()";
  assert.equal(argumentsFor(source("a.py", code), "server"), ["server"]);
  assert.equal(argumentsFor(source("a.py", code), "client"), ["client"]);
});

test("argumentsFor gives options that are required or carry the text", () => {
  const code = `
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("-p", "--port", type=int, required=True)
parser.add_argument("-m", "--message", default="hi")
parser.add_argument("-v", "--verbose", action="store_true")
`;
  assert.equal(client("a.py", code), ["--port", "{port}", "--message", "{message}"]);
  assert.equal(client("a.py", 'parser.add_argument("role", choices=["server", "client"])'), ["client"]);
  assert.equal(client("a.py", 'parser.add_argument("-c", "--client", action="store_true")'), ["--client"]);
});

test("argumentsOfUsage reads a usage line", () => {
  assert.equal(argumentsOfUsage("Usage: ./client <server ip> <port>", "client"), ["{host}", "{port}"]);
  assert.equal(argumentsOfUsage("usage: python3 client.py HOST PORT [message]", "client"), [
    "{host}",
    "{port}",
    "{message}",
  ]);
  assert.equal(argumentsOfUsage("Usage: java Server port", "server"), ["{port}"]);
  assert.equal(argumentsOfUsage("client.py -s <server ip> -p <port> [-v] -m <message>", "client"), [
    ...["-s", "{host}", "-p", "{port}"],
    ...["-m", "{message}"],
  ]);
  assert.is(argumentsOfUsage("Connection refused", "client"), undefined);
});

test.run();
