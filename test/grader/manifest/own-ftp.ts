/**
 * The programs of this repository's exercise 05: one user with a password, a folder that the server
 * offers, and a folder of the client's.
 */
import type { ProgramManifest, TaskManifest } from "./manifest.ts";

export const FTP_FOLDER = "exercises/05-ftp";
const PASSWORD = "correct horse battery";
/** The password with 1000 iterations instead of 600,000, because each exchange logs in. */
const USERS = `name,password,home,quota,rights
alice,$pbkdf2-sha256$i=1000$5dsEfYEXi1bVRlJgz6xCQQ$Clj5MkQNg3AqQmyHiIP+tklF9VY0nyMfvsuh74EhUeI,/,,read write
`;
const SETUP = `umask 077
mkdir files mine
printf %s "$1" > users.csv
echo "$2" > password`;

/** Returns the fields that differ from a task whose programs print texts. */
export function describeFtp(): Pick<TaskManifest, "prepare" | "programs" | "files" | "passwords"> {
  const server = (keys: string): ProgramManifest => ({
    command: [
      "node",
      ...[`${FTP_FOLDER}/server.mjs`, "--host", "{host}", "--port", "{port}", "--keys", keys],
      ...["--root", "files", "--users", "users.csv", "--sessions-per-address", "200"],
    ],
    next: [],
    stdin: [],
    env: {},
  });
  const client = (lines: string[]): ProgramManifest => ({
    command: [
      "node",
      ...[`${FTP_FOLDER}/client.mjs`, "--host", "{host}", "--port", "{port}", "--keys", "keys"],
      ...["--user", "alice", "--password-file", "password"],
    ],
    next: [],
    stdin: [...lines, { end: true }],
    env: {},
  });
  return {
    prepare: [["sh", "-c", SETUP, "sh", USERS, PASSWORD]],
    programs: {
      server: server("keys"),
      client: client(["put mine/{put} {put}", "get {get} mine/{get}"]),
      list: client(["ls"]),
      "other-server": server("other-keys"),
    },
    files: {
      server: { put: "files/{name}", get: "files/{name}" },
      client: { put: "mine/{name}", get: "mine/{name}" },
    },
    passwords: [PASSWORD],
  };
}
