/**
 * Replaces a folder with a link to a folder outside and back, as fast as it can, until its standard
 * input ends. Then prints how often.
 *
 *     swapper.ts FOLDER ASIDE LINK      FOLDER goes to ASIDE, LINK to FOLDER, and back
 */
import { renameSync } from "node:fs";
import process from "node:process";

const [folder = "", aside = "", link = ""] = process.argv.slice(2);
let count = 0;
let hasEnded = false;
process.stdin.once("end", () => {
  hasEnded = true;
});
process.stdin.resume();
console.log("ready");
while (!hasEnded) {
  for (let turn = 0; turn < 200; turn += 1) {
    renameSync(folder, aside);
    renameSync(link, folder);
    renameSync(folder, link);
    renameSync(aside, folder);
    count += 1;
  }
  await new Promise((resolve) => setImmediate(resolve));
}
console.log(count);
