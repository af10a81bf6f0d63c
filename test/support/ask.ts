/**
 * Asks for a password, or for a new one with "new", and prints it as JSON; with "stay", listens to
 * SIGINT.
 */
import process from "node:process";
import { installErrorHandlers } from "../../lib/cli/diagnostics.ts";
import { checkNewPassword } from "../../lib/passwords/password.ts";
import { promptNewPassword, promptPassword } from "../../lib/passwords/password-prompt.ts";

installErrorHandlers();
const [how] = process.argv.slice(2);
if (how === "stay") process.once("SIGINT", () => console.log("SIGINT was heard"));
console.log(
  JSON.stringify(
    how === "new" ? await promptNewPassword(checkNewPassword) : await promptPassword("Password: "),
  ),
);
