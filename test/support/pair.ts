/** One exchange between a server and a client that are real processes. */
import { type Ending, Program, TSX_WITH_STOCK_KEY } from "./launch.ts";

export interface PairOptions {
  /** How a script is started, by default with a key from test/keys. */
  runtime?: readonly string[];
  clientText?: string;
  serverText?: string;
  clientFlags?: string[];
  serverFlags?: string[];
  clientEnv?: Record<string, string>;
  serverEnv?: Record<string, string>;
  /** Where the client connects instead, given the server's port. */
  reroute?: (port: number) => Promise<number>;
}

/** Runs `part`'s pair; the texts go in by standard input. */
export async function runPair(
  part: string,
  options: PairOptions = {},
): Promise<{ client: Ending; server: Ending }> {
  const {
    clientText = "ping",
    serverText = "pong",
    runtime = TSX_WITH_STOCK_KEY,
    clientFlags = [],
    serverFlags = [],
  } = options;
  const server = new Program([...runtime, `${part}/server.ts`, "-", "--port", "0", ...serverFlags], {
    input: serverText,
    ...(options.serverEnv && { env: options.serverEnv }),
  });
  try {
    const port = await server.port();
    const clientPort = String((await options.reroute?.(port)) ?? port);
    const client = new Program([...runtime, `${part}/client.ts`, "-", "--port", clientPort, ...clientFlags], {
      input: clientText,
      ...(options.clientEnv && { env: options.clientEnv }),
    });
    return { client: await client.ending, server: await server.ending };
  } finally {
    await server.stop();
  }
}
