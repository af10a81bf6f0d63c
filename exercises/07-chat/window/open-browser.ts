/** Opens an address in the browser of the desktop. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

const OPENERS: Partial<Record<NodeJS.Platform, string[]>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
};

/**
 * Opens `url`, which has a token: other users of this machine can see what a command is started
 * with, so the browser gets a file that only this user can read, and that leads there. The file is
 * removed at the end of the program. Says so on standard error when the desktop has no browser.
 */
export function openBrowser(url: string): void {
  const folder = mkdtempSync(join(tmpdir(), "sml-chat-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "open.html");
  writeFileSync(file, `<!doctype html><meta http-equiv="refresh" content="0; url=${url}">\n`, {
    mode: 0o600,
  });
  const [command = "", ...args] = OPENERS[process.platform] ?? ["xdg-open"];
  const child = spawn(command, [...args, file], { stdio: "ignore", detached: true });
  child.on("error", () => console.error("no browser could be opened; open the address yourself"));
  child.unref();
}
