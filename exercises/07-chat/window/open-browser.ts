/** Opens an address in the browser of the desktop. */
import { spawn } from "node:child_process";
import process from "node:process";

const OPENERS: Partial<Record<NodeJS.Platform, string[]>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
};

/** Opens `url`; says so on standard error when the desktop has no way to. */
export function openBrowser(url: string): void {
  const [command = "", ...args] = OPENERS[process.platform] ?? ["xdg-open"];
  const child = spawn(command, [...args, url], { stdio: "ignore", detached: true });
  child.on("error", () => console.error("no browser could be opened; open the address yourself"));
  child.unref();
}
