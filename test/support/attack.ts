/**
 * Plays the other side of a script that is a real process, and looks at how the script takes it.
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import * as assert from "uvu/assert";
import { type Ending, Program, TSX_WITH_STOCK_KEY } from "./launch.ts";

export type Script = "part1/server.ts" | "part1/client.ts" | "part2/server.ts" | "part2/client.ts";

const ORDINARY_LINE = /^(Listening on \S+|My key: {5}SHA256:\S{43}|Peer's key: SHA256:\S{43})$/;

/**
 * Runs `script`, lets `behave` have the other end of its connection, and returns how the script
 * ended.
 */
export async function attack(
  script: Script,
  behave: (socket: Socket) => Promise<void> | void,
  flags: string[] = [],
): Promise<Ending> {
  return script.endsWith("server.ts")
    ? attackServer(script, behave, flags)
    : attackClient(script, behave, flags);
}

/**
 * Asserts that the script refused its peer: one line that says why, status 1, nothing from the peer
 * printed.
 */
export function assertRefused({ status, stdout, stderr }: Ending, reason: RegExp): void {
  const lines = stderr.split("\n").filter((line) => !ORDINARY_LINE.test(line));
  assert.is(lines.length, 2, `expected one line beside the ordinary ones:\n${stderr}`);
  assert.match(lines[0] ?? "", /^error: /, stderr);
  assert.match(lines[0] ?? "", reason, stderr);
  assert.is(lines[1], "");
  assert.not.match(stderr, /[^\P{Cc}\n]/u, "a control character was printed");
  assert.is(stdout, "");
  assert.is(status, 1);
}

async function attackServer(
  script: Script,
  behave: (socket: Socket) => Promise<void> | void,
  flags: string[],
) {
  const program = new Program([...TSX_WITH_STOCK_KEY, script, "pong", "--port", "0", ...flags]);
  try {
    const socket = connect({ host: "127.0.0.1", port: await program.port(), allowHalfOpen: true });
    socket.on("error", () => {}); // the victim may break off whenever it likes
    await once(socket, "connect");
    await behave(socket);
    const ending = await program.ending;
    socket.destroy();
    return ending;
  } finally {
    await program.stop();
  }
}

async function attackClient(
  script: Script,
  behave: (socket: Socket) => Promise<void> | void,
  flags: string[],
) {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the attacker has no port");
  const program = new Program([
    ...TSX_WITH_STOCK_KEY,
    script,
    "ping",
    "--port",
    String(address.port),
    ...flags,
  ]);
  try {
    const [socket]: Socket[] = await once(server, "connection");
    if (!socket) throw new Error("the client did not connect");
    socket.on("error", () => {});
    await behave(socket);
    const ending = await program.ending;
    socket.destroy();
    return ending;
  } finally {
    server.close();
    await program.stop();
  }
}
