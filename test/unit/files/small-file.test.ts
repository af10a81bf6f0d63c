import { spawnSync } from "node:child_process";
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  createSmallFile,
  readSmallBytes,
  readSmallFile,
  replaceSmallFile,
  SMALL_FILE_LIMIT,
} from "../../../lib/files/small-file.ts";
import { rejects } from "../../support/rejects.ts";
import { runScript } from "../../support/scripts.ts";
import { withFolder } from "../../support/temporary.ts";

const isRoot = process.getuid?.() === 0;

test("createSmallFile makes the file and its folders with these permissions, whatever the umask", async () => {
  for (const umask of [0o000, 0o022, 0o077]) {
    await withFolder(async (folder) => {
      const file = join(folder, "keys", "known", "one");
      const before = process.umask(umask);
      try {
        assert.ok(await createSmallFile(file, { text: "text\n", mode: 0o644 }));
        assert.ok(await createSmallFile(`${file}.secret`, { text: "text\n", mode: 0o600 }));
      } finally {
        process.umask(before);
      }
      assert.equal(await readSmallFile(file), { text: "text\n", mode: 0o644 });
      assert.equal(await readSmallFile(`${file}.secret`), { text: "text\n", mode: 0o600 });
      assert.is((await stat(join(folder, "keys"))).mode & 0o777, 0o700);
      assert.is((await stat(join(folder, "keys", "known"))).mode & 0o777, 0o700);
      assert.equal(await readdir(join(folder, "keys", "known")), ["one", "one.secret"]);
    });
  }
});

test("createSmallFile leaves a file alone that is there, even an empty one or a link that leads nowhere", async () => {
  await withFolder(async (folder) => {
    await writeFile(join(folder, "empty"), "");
    await symlink(join(folder, "nowhere"), join(folder, "link"));
    for (const name of ["empty", "link"])
      assert.not(await createSmallFile(join(folder, name), { text: "text", mode: 0o600 }));
    assert.equal(await readSmallFile(join(folder, "empty")), { text: "", mode: 0o644 & ~process.umask() });
    assert.equal((await readdir(folder)).sort(), ["empty", "link"]);
  });
});

test("of twenty that create the same file at once, one does, and all read the same", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "new", "one");
    const texts = Array.from({ length: 20 }, (_, index) => `${index} `.repeat(1000));
    const seen = await Promise.all(
      texts.map(async (text) => {
        const made = await createSmallFile(file, { text, mode: 0o600 });
        return { made, text, read: (await readSmallFile(file))?.text };
      }),
    );
    const winners = seen.filter(({ made }) => made);
    assert.is(winners.length, 1);
    assert.ok(seen.every(({ read }) => read === winners[0]?.text));
    assert.equal(await readdir(join(folder, "new")), ["one"]);
  });
});

test("killed at any moment, createSmallFile leaves the whole file or none, and the next one succeeds", async () => {
  const text = "0123456789".repeat(500);
  const outcomes: string[] = [];
  for (let [moment, done] = [1, false]; !done; moment += 1) {
    await withFolder(async (folder) => {
      const file = join(folder, "keys", "one");
      const args = ["file", file, text];
      const { status, stdout, stderr } = await runScript("store.ts", {
        args,
        environment: { KILL_AT: String(moment) },
      });
      assert.ok(status === 0 || status === null, stderr);
      done = status === 0;
      if (done) assert.is(stdout, "true\n");
      const left = await readSmallFile(file);
      if (left) assert.equal(left, { text, mode: 0o600 });
      outcomes.push(left ? "whole" : "none");
      assert.is(await createSmallFile(file, { text, mode: 0o600 }), !left);
      assert.equal(await readSmallFile(file), { text, mode: 0o600 });
    });
  }
  // mkdir, open, chmod, write, sync, link, rm: before the last there is a file
  assert.equal(outcomes, [...Array(6).fill("none"), "whole", "whole"]);
});

if (process.platform === "linux")
  test("createSmallFile and replaceSmallFile give up where no folder can be made", async () => {
    const file = "/proc/secure-messaging-lab/keys/one";
    const contents = { text: "text\n", mode: 0o600 };
    const refusal = new RegExp(`^${file} cannot be written: there is no such file or folder$`);
    await rejects(createSmallFile(file, contents), refusal);
    await rejects(replaceSmallFile(file, contents), refusal);
  });

test("replaceSmallFile puts the whole text in place, and leaves nothing else behind", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "one");
    await createSmallFile(file, { text: "old", mode: 0o600 });
    let stop = false;
    const reader = (async () => {
      const texts = new Set<string | undefined>();
      while (!stop) texts.add((await readSmallFile(file))?.text);
      return texts;
    })();
    for (const text of ["new ".repeat(8000), "newer", ""])
      await replaceSmallFile(file, { text, mode: 0o600 });
    stop = true;
    for (const text of await reader)
      assert.ok(["old", "new ".repeat(8000), "newer", ""].includes(text ?? "?"));
    assert.equal(await readSmallFile(file), { text: "", mode: 0o600 });
    assert.equal(await readdir(folder), ["one"]);
  });
});

test("replaceSmallFile and readSmallFile refuse a link that leads nowhere or in a circle", async () => {
  await withFolder(async (folder) => {
    await symlink("nowhere", join(folder, "dangling"));
    await symlink("circle", join(folder, "circle"));
    for (const [name, reason] of [
      ["dangling", "it is a symbolic link that leads nowhere"],
      ["circle", "its symbolic links lead in a circle"],
    ]) {
      const file = join(folder, name ?? "");
      await rejects(readSmallFile(file), `${file} cannot be used: ${reason}`);
      await rejects(replaceSmallFile(file, { text: "", mode: 0o600 }), new RegExp(`${reason}$`));
    }
    assert.equal((await readdir(folder)).sort(), ["circle", "dangling"]);
  });
});

test("replaceSmallFile keeps permissions, and the link, of what it replaces, and checks first", async () => {
  await withFolder(async (folder) => {
    const [file, linked] = [join(folder, "one"), join(folder, "link")];
    await writeFile(file, "old", { mode: 0o600 });
    await chmod(file, 0o640);
    await symlink(file, linked);
    await replaceSmallFile(linked, { text: "new", mode: 0o600 });
    assert.equal(await readSmallFile(file), { text: "new", mode: 0o640 });
    const check = async () => {
      throw new Error("not now");
    };
    await rejects(
      replaceSmallFile(linked, { text: "newer", mode: 0o600 }, check),
      `${linked} cannot be written: not now`,
    );
    assert.equal(await readSmallFile(linked), { text: "new", mode: 0o640 });
    assert.equal((await readdir(folder)).sort(), ["link", "one"]);
  });
});

const NOT_UTF8: [what: string, bytes: Buffer, reason: RegExp][] = [
  ["Windows-1251", Buffer.from([0x61, 0x0d, 0x0a, 0xc1, 0xee, 0xe1, 0x0a]), /: line 2 is not UTF-8$/],
  ["a sequence cut short by the end", Buffer.from([0x61, 0x0a, 0x0a, 0xe2, 0x82]), /: line 3 is not UTF-8$/],
  ["a sequence cut short by the line end", Buffer.from([0xe2, 0x82, 0x0a, 0xac]), /: line 1 is not UTF-8$/],
  ["a surrogate", Buffer.from([0xed, 0xa0, 0x80]), /: line 1 is not UTF-8$/],
  [
    "UTF-16 with its mark",
    Buffer.from("\ufeffname,\n", "utf16le"),
    /: it is UTF-16, and UTF-8 is expected; convert/,
  ],
  ["UTF-16 without", Buffer.from("name\n", "utf16le"), /: it is UTF-16, and/],
  ["UTF-16, big-endian", Buffer.from("name\n", "utf16le").swap16(), /: it is UTF-16, and/],
];
for (const [what, bytes, reason] of NOT_UTF8) {
  test(`readSmallFile refuses ${what}, and leaves the file as it is`, async () => {
    await withFolder(async (folder) => {
      const file = join(folder, "one");
      await writeFile(file, bytes);
      await rejects(readSmallFile(file), reason);
      assert.equal(await readFile(file), bytes);
      assert.equal((await readSmallBytes(file))?.bytes, new Uint8Array(bytes));
    });
  });
}

test("the command that readSmallFile gives for UTF-16 converts the file, and keeps the original", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "my 'list'");
    const original = Buffer.from("\ufeffnaïve\n", "utf16le");
    await writeFile(file, original);
    const error = await readSmallFile(file).then(String, String);
    const { status, stderr } = spawnSync("sh", ["-c", error.split("with: ")[1] ?? ""], { encoding: "utf8" });
    assert.is(status, 0, stderr);
    assert.is((await readSmallFile(file))?.text, "naïve\n");
    assert.equal(await readFile(`${file}.utf16`), original);
  });
});

test("readSmallFile keeps a byte order mark, and text of any script", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "one");
    for (const text of ["\ufeffa", "\0", "\0\0", "Größe 漢字 🌉\n"]) {
      await writeFile(file, text);
      assert.is((await readSmallFile(file))?.text, text);
    }
  });
});

test("readSmallFile gives undefined for a file that is not there", async () => {
  await withFolder(async (folder) => {
    assert.is(await readSmallFile(join(folder, "none")), undefined);
    assert.is(await readSmallFile(join(folder, "none", "one")), undefined);
  });
});

test("readSmallFile takes 64 KiB and not a byte more, and never waits for a pipe", async () => {
  await withFolder(async (folder) => {
    assert.is(SMALL_FILE_LIMIT, 65_536);
    const file = join(folder, "one");
    await writeFile(file, "x".repeat(SMALL_FILE_LIMIT));
    assert.is((await readSmallFile(file))?.text.length, SMALL_FILE_LIMIT);
    await writeFile(file, "x".repeat(SMALL_FILE_LIMIT + 1));
    await rejects(readSmallFile(file), `${file} cannot be used: it is too large, at most 64 KiB are read`);
    await rejects(readSmallFile("/dev/zero"), "/dev/zero cannot be used: it is not an ordinary file");
    assert.is(spawnSync("mkfifo", [join(folder, "pipe")]).status, 0);
    await rejects(readSmallFile(join(folder, "pipe")), /pipe cannot be used: it is not an ordinary file$/);
  });
});

test("readSmallFile and createSmallFile report a folder instead of a file, and a file instead of a folder", async () => {
  await withFolder(async (folder) => {
    await mkdir(join(folder, "one"));
    await rejects(
      readSmallFile(join(folder, "one")),
      `${join(folder, "one")} cannot be used: it is a folder`,
    );
    await writeFile(join(folder, "two"), "text");
    for (const file of [join(folder, "two", "file"), join(folder, "two", "folder", "file")]) {
      await rejects(readSmallFile(file), `${file} cannot be used: what should be its folder is a file`);
      await rejects(
        createSmallFile(file, { text: "", mode: 0o600 }),
        `${file} cannot be written: what should be its folder is a file`,
      );
    }
    assert.is(await readFile(join(folder, "two"), "utf8"), "text");
  });
});

test("readSmallFile and createSmallFile say when permission is denied", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "one");
    await writeFile(file, "text", { mode: 0o000 });
    await chmod(folder, 0o500);
    const lead = async () => {
      await rejects(readSmallFile(file), `${file} cannot be used: permission denied`);
      await rejects(
        createSmallFile(`${file}.new`, { text: "", mode: 0o600 }),
        `${file}.new cannot be written: permission denied`,
      );
    };
    try {
      if (isRoot) await asNobody(folder, lead);
      else await lead();
    } finally {
      await chmod(folder, 0o700);
    }
  });
});

/** Root may read everything: another user looks in its place. */
async function asNobody(folder: string, run: () => Promise<void>): Promise<void> {
  // the threads of the file system take over the user of the process
  await chmod(folder, 0o555);
  process.seteuid?.(65_534);
  try {
    await run();
  } finally {
    process.seteuid?.(0);
  }
}

test.run();
