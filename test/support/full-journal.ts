/**
 * Runs exercise 06's server with its journal on a disk that fills up, and makes room while a client
 * waits; prints what became of the client. Run it where FOLDER is a small file system of its own,
 * as full-disk.ts.
 */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { userListFile } from "../../exercises/06-login/user-list.ts";
import { findFreePorts } from "./free-ports.ts";
import { makeKeyFolder } from "./key-folder.ts";
import { LoginHouse, makeUsers, PASSWORD } from "./login-server.ts";

const [folder = ""] = process.argv.slice(2);
const COUNT = 100;

const keys = await makeKeyFolder({ server: "rsa-3072", alice: "rsa-2048-a" });
const house = new LoginHouse(keys, folder, await findFreePorts(1));
try {
  await writeFile(house.passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
  await userListFile(house.users).edit(() => []);
  const users = await makeUsers({ alice: "user" });
  await userListFile(house.users).edit(() => users);
  const ballast = join(folder, "ballast");
  await writeFile(ballast, new Uint8Array(36 * 1024));
  await house.serve();
  const texts = Array.from({ length: COUNT }, (_, index) => `${index} ${"x".repeat(150)}`);
  const client = house.client("alice", ["--timeout", "60"], { input: texts.join("\n") });
  await client.waitFor(/(the disk is full)/);
  await rm(ballast);
  const { status, stderr } = await client.ending;
  const stored = (await house.lines()).map(({ text }) => text);
  console.log(
    JSON.stringify({
      reported: /^the server is in trouble: the disk is full; connecting again$/m.test(stderr),
      status,
      lost: texts.filter((text) => !stored.includes(text)).length,
      twice: stored.length - new Set(stored).size,
    }),
  );
} finally {
  await house.stop();
  await keys.remove();
}
