/**
 * Pretends to be Node of the version in its argument, without a WebCrypto of its own; then loads
 * the script in its second argument, if there is one:
 *
 *     old-node.ts VERSION [SCRIPT]
 */
import process from "node:process";
import { pathToFileURL } from "node:url";
import { installErrorHandlers } from "../../lib/cli/diagnostics.ts";

const [node = "", script] = process.argv.slice(2);
Object.defineProperty(process, "versions", { value: { ...process.versions, node } });
if (script === undefined) installErrorHandlers();
else {
  Reflect.deleteProperty(globalThis, "crypto");
  process.argv = [process.execPath, script, "hello"];
  await import(pathToFileURL(script).href);
}
