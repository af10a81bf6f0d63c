import fs, { open } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import process from "node:process";

const FUNCTIONS = ["mkdir", "open", "readdir", "link", "rename", "rm"];
const METHODS = ["chmod", "writeFile", "sync"];

/**
 * Makes this process kill itself, as `kill -9` does, just before it touches the file system for the
 * `count`th time, or half-way when that is to write.
 */
export async function killAt(count: number): Promise<void> {
  let left = count;
  const handle = await open(process.execPath);
  const prototype: object = Object.getPrototypeOf(handle);
  await handle.close();
  for (const name of FUNCTIONS) wrap(fs, name);
  for (const name of METHODS) wrap(prototype, name);
  syncBuiltinESMExports();

  function wrap(owner: object, name: string): void {
    const original: unknown = Reflect.get(owner, name);
    if (typeof original !== "function") throw new TypeError(`no function ${name}`);
    Reflect.set(owner, name, async function (this: unknown, ...args: unknown[]): Promise<unknown> {
      left -= 1;
      const [text] = args;
      if (left === 0 && name === "writeFile" && typeof text === "string")
        await Reflect.apply(original, this, [text.slice(0, text.length / 2)]);
      if (left === 0) process.kill(process.pid, "SIGKILL");
      return Reflect.apply(original, this, args);
    });
  }
}
