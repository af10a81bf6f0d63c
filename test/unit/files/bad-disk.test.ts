/** What people read when a disk takes nothing: the file, and why. */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

const SCRIPT = fileURLToPath(new URL("../../support/bad-disk.ts", import.meta.url));
const FOLDER = "/mnt";
const NAMESPACE = ["--user", "--map-root-user", "--mount"];
const canMount = spawnSync("unshare", [...NAMESPACE, "mount", "-t", "tmpfs", "none", FOLDER]).status === 0;

/** Makes the disk, with an old file and a list on it. */
const PREPARE = [
  `mount -t tmpfs -o size=64k none ${FOLDER}`,
  `cd ${FOLDER}`,
  "echo old >old",
  "echo name >list.csv",
].join(" && ");

/** Runs the script on a disk that `spoil` makes unusable; returns its errors, and what is left. */
function run(spoil: string): { errors: Record<string, string>; left: string[] } {
  const command = `${PREPARE} && ${spoil}; cd - >&2 && "$0" --import tsx "$1" ${FOLDER} && cat ${FOLDER}/old && find ${FOLDER} -type f`;
  const { status, stdout, stderr } = spawnSync(
    "unshare",
    [...NAMESPACE, "sh", "-c", command, process.execPath, SCRIPT],
    { encoding: "utf8", timeout: 60_000 },
  );
  assert.is(status, 0, stderr);
  const [errors = "", old, ...left] = stdout.trimEnd().split("\n");
  assert.is(old, "old");
  return { errors: JSON.parse(errors), left: left.sort() };
}

/** The errors that name the file, by what was tried. */
function errorsFor(reason: string): Record<string, string> {
  const written = {
    "create a file": "new",
    "create a file in a new folder": "a/new",
    "replace a file": "old",
    "edit a list": "list.csv.lock",
    "make an identity": "keys/server.pem",
    "remember a key": "pins/.pins.lock",
  };
  return {
    ...Object.fromEntries(
      Object.entries(written).map(([work, file]) => [work, `${FOLDER}/${file} cannot be written: ${reason}`]),
    ),
    "load users": `the user list ${FOLDER}/users.csv cannot be used: there is no such file`,
  };
}

(canMount ? test : test.skip)("on a read-only disk, each error names the file and the reason", () => {
  const { errors, left } = run(`mount -o remount,ro ${FOLDER}`);
  assert.equal(errors, {
    "make a folder": `${FOLDER}/a: the disk is read-only`,
    ...errorsFor("the disk is read-only"),
    "open a log": `cannot write the log ${FOLDER}/log: the disk is read-only`,
    "make a home": "the disk is read-only",
  });
  assert.equal(left, [`${FOLDER}/list.csv`, `${FOLDER}/old`]);
});

(canMount ? test : test.skip)(
  "on a full disk, each error names the file and the reason, and nothing is left",
  () => {
    const { errors, left } = run(`dd if=/dev/zero of=fill bs=4k status=none`);
    // folders and empty files take no space there
    const done = { "make a folder": "done", "open a log": "done", "make a home": "done" };
    assert.equal(errors, { ...errorsFor("the disk is full"), ...done });
    assert.equal(
      left,
      ["fill", "list.csv", "log", "old"].map((name) => `${FOLDER}/${name}`),
    );
  },
);

test.run();
