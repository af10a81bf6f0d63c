/**
 * Prints what `commandLine` makes of the command line, or fails as the environment variable FAIL
 * says.
 */
import process from "node:process";
import { commandLine } from "../../lib/cli/command-line.ts";
import { installErrorHandlers, trace } from "../../lib/cli/diagnostics.ts";

installErrorHandlers();
if (process.env["FAIL"] === "plain") throw new Error("the peer did it");
if (process.env["FAIL"] === "bug") throw new TypeError("our own mistake");
if (process.env["FAIL"] === "later") {
  setTimeout(() => {
    throw new Error("the peer did it later");
  });
} else {
  const { message, ...rest } = await commandLine({
    name: "test/support/command-line.ts",
    purpose: "Prints what was asked for.",
    role: "server",
    limit: 16 * 1024,
  });
  trace("read the command line");
  console.log(JSON.stringify({ message, ...rest }));
}
