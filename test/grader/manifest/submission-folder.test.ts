import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { throws } from "../../support/rejects.ts";
import { withFolder } from "../../support/temporary.ts";
import { loadManifest } from "./load.ts";
import { findSubmissionFolder } from "./submission-folder.ts";

/** Runs `work` in a folder with these files. */
function withFiles(
  files: Record<string, string>,
  work: (folder: string) => void | Promise<void>,
): Promise<void> {
  return withFolder(async (folder) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    await work(folder);
  });
}

const FOUND: Record<string, { files: string[]; expected: string; manifest?: string }> = {
  "beside its folders": { files: ["submission.json", "src/server.py"], expected: "." },
  "with our layout": { files: ["part1/server.ts"], expected: "." },
  "in the only folder": { files: ["team7/submission.json", "team7/server.py"], expected: "team7" },
  "in a folder of an archive's folder": { files: ["a/b/submission.json", "a/b/x.py"], expected: "a/b" },
  "not three folders down": { files: ["a/b/c/submission.json"], expected: "a/b" },
  "beside what archives leave behind": {
    files: ["__MACOSX/team7/._server.py", ".DS_Store", "team7/server.py"],
    expected: "team7",
  },
  "not in one of two folders": { files: ["a/submission.json", "b/x"], expected: "." },
  "not beside a file": { files: ["a/submission.json", "README"], expected: "." },
  "in an archive's folder, with the teacher's manifest": {
    files: ["team7/server.py", "team7/submission.json"],
    expected: "team7",
    manifest: '["python3", "server.py"]',
  },
  "not in a folder that the teacher's manifest names": {
    files: ["src/server.py"],
    expected: ".",
    manifest: '["python3", "src/server.py"]',
  },
  "not in a folder in which the teacher's manifest runs commands": {
    files: ["src/server.py"],
    expected: ".",
    manifest: '{ "folder": "src", "server": { "command": ["python3", "server.py"] } }',
  },
  "nowhere in an empty folder": { files: [".hidden"], expected: "." },
};

for (const [where, { files, expected, manifest }] of Object.entries(FOUND))
  test(`a submission is found ${where}`, () =>
    withFiles(Object.fromEntries(files.map((path) => [path, ""])), (folder) =>
      withFiles({ "teacher.json": manifest ?? "" }, (teacher) => {
        const found = findSubmissionFolder(
          folder,
          manifest === undefined ? undefined : join(teacher, "teacher.json"),
        );
        assert.is(found, join(folder, expected));
      }),
    ));

for (const name of ["Submission.json", "submission.json.txt", "SUBMISSION.JSON.json", "submission.txt"])
  test(`a manifest named ${name} is recognised`, () =>
    withFiles({ [name]: "{}" }, (folder) =>
      throws(() => loadManifest(folder), new RegExp(`; rename ${name} to submission\\.json$`)),
    ));

test("a manifest one folder down is recognised", () =>
  withFiles({ "team7/submission.json": "{}", "other/x": "" }, (folder) =>
    throws(() => loadManifest(folder), /; there is one in team7\/$/),
  ));

test.run();
