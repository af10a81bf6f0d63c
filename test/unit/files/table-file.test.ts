import { writeFileSync } from "node:fs";
import { chmod, chown, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { TABLE_LIMIT, TableFile, type TableFormat } from "../../../lib/files/table-file.ts";
import { rejects } from "../../support/rejects.ts";
import { MEMORY, withFolder } from "../../support/temporary.ts";

interface Fruit {
  name: string;
  colour: string;
}

const FRUIT: TableFormat<Fruit> = {
  title: "fruit list",
  columns: ["name", "colour"],
  mode: 0o640,
  parse: ([name = "", colour = ""]) => {
    if (colour === "") throw new Error("no colour");
    return { name, colour };
  },
  format: ({ name, colour }) => [name, colour],
  unique: ({ name, colour }) => [name, colour],
};
const LIST = "name,colour\n# sour\nlime , green\n\nplum,blue\n";

async function withList(
  use: (list: TableFile<Fruit>, scene: { file: string; folder: string }) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const file = join(folder, "fruit.csv");
    await writeFile(file, LIST, { mode: 0o600 });
    await use(new TableFile(file, FRUIT), { file, folder });
  }, MEMORY);
}

const add =
  (name: string, colour = name) =>
  (entries: Fruit[]) => [...entries, { name, colour }];
const remove = (name: string) => (entries: Fruit[]) => entries.filter((entry) => entry.name !== name);

test("edit adds, replaces and removes rows, and keeps the rest of the text", async () => {
  await withList(async (list, { file, folder }) => {
    await list.edit(add("kiwi", "brown"));
    assert.is(await readFile(file, "utf8"), `${LIST}kiwi,brown\n`);
    await list.edit((entries) =>
      entries.map((entry) => (entry.name === "lime" ? { ...entry, colour: "yellow" } : entry)),
    );
    assert.is(await readFile(file, "utf8"), "name,colour\n# sour\nlime,yellow\n\nplum,blue\nkiwi,brown\n");
    await list.edit(remove("plum"));
    assert.is(await readFile(file, "utf8"), "name,colour\n# sour\nlime,yellow\n\nkiwi,brown\n");
    assert.equal(await list.read(), [
      { name: "lime", colour: "yellow" },
      { name: "kiwi", colour: "brown" },
    ]);
    assert.equal(await readdir(folder), ["fruit.csv"]);
  });
});

test("edit creates the file with its permissions, and its folder; read and load report a missing one", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "deep", "new.csv");
    const list = new TableFile(file, FRUIT);
    assert.is(await list.read(), undefined);
    for (const use of [() => list.load(), () => list.open((entries) => entries)])
      await rejects(use(), `the fruit list ${file} cannot be used: there is no such file`);
    await list.edit(add("kiwi", "brown"));
    assert.is(await readFile(file, "utf8"), "name,colour\nkiwi,brown\n");
    assert.is((await stat(file)).mode & 0o777, 0o640);
  }, MEMORY);
});

test("edit keeps permissions and owner, and replaces the file that a chain of links leads to", async () => {
  await withList(async (list, { file, folder }) => {
    await mkdir(join(folder, "real"));
    const real = join(folder, "real", "list.csv");
    await rename(file, real);
    await symlink("real/second", file);
    await symlink("list.csv", join(folder, "real", "second"));
    await chmod(real, 0o604);
    // only root can give a file away
    const owner = process.getuid?.() === 0 ? 12345 : undefined;
    if (owner !== undefined) await chown(real, owner, owner);
    await list.edit(add("kiwi"));
    assert.is(await readFile(real, "utf8"), `${LIST}kiwi,kiwi\n`);
    const { mode, uid, gid } = await stat(real);
    assert.is(mode & 0o777, 0o604);
    if (owner !== undefined) assert.equal([uid, gid], [owner, owner]);
    assert.equal((await readdir(folder)).sort(), ["fruit.csv", "real"]);
    assert.equal((await readdir(join(folder, "real"))).sort(), ["list.csv", "second"]);
  });
});

test("edit refuses to take a file from its owner", async () => {
  if (process.getuid?.() !== 0) return;
  await withList(async (list, { file, folder }) => {
    await chmod(folder, 0o777);
    await chmod(file, 0o644);
    process.seteuid?.(65_534);
    try {
      await rejects(
        list.edit(add("kiwi")),
        `${file} cannot be written: its owner or group is another, which could not be kept; write it as its owner`,
      );
    } finally {
      process.seteuid?.(0);
    }
    assert.is(await readFile(file, "utf8"), LIST);
    assert.equal(await readdir(folder), ["fruit.csv"]);
  });
});

test("edit and read refuse a link that leads nowhere, a folder, and text that is not UTF-8", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "fruit.csv");
    const list = new TableFile(file, FRUIT);
    const refused = async (reason: string) => {
      for (const use of [() => list.edit(add("kiwi")), () => list.read(), () => list.load()])
        await rejects(use(), `${file} cannot be used: ${reason}`);
    };
    await symlink("nowhere", file);
    await refused("it is a symbolic link that leads nowhere");
    await rename(file, `${file}.old`);
    await mkdir(file);
    await refused("it is a folder");
    await rename(file, `${file}.older`);
    const latin = Buffer.from("name,colour\nlime,green\nkäse,gelb\n", "latin1");
    await writeFile(file, latin);
    await refused("line 3 is not UTF-8");
    assert.equal(await readFile(file), latin);
  }, MEMORY);
});

test("an edit that throws, or finds a row that it cannot read, changes nothing", async () => {
  await withList(async (list, { file, folder }) => {
    const before = await stat(file);
    await rejects(
      list.edit(() => {
        throw new Error("no");
      }),
      "no",
    );
    await writeFile(file, `${LIST}\nred\n`);
    await rejects(list.edit(add("kiwi")), `the fruit list ${file} cannot be used: line 7: no colour`);
    await writeFile(file, `${LIST}fig,blue\n`);
    await rejects(
      list.edit(add("kiwi")),
      `the fruit list ${file} cannot be used: line 6: blue is in the list twice`,
    );
    assert.is((await stat(file)).ino, before.ino);
    assert.equal(await readdir(folder), ["fruit.csv"]);
  });
});

test("edit does not overwrite what an editor has saved meanwhile", async () => {
  await withList(async (list, { file, folder }) => {
    const saved = `${LIST}fig,violet\n`;
    const edited = list.edit((entries) => {
      writeFileSync(file, saved);
      return add("kiwi")(entries);
    });
    await rejects(edited, `${file} cannot be written: another program has changed it; try again`);
    assert.is(await readFile(file, "utf8"), saved);
    assert.equal(await readdir(folder), ["fruit.csv"]);
  });
});

test("edit writes no list that is too large to be read again", async () => {
  await withList(async (list, { file }) => {
    await rejects(
      list.edit(add("kiwi", "x".repeat(TABLE_LIMIT))),
      `${file} is full: it may have at most 1 MiB`,
    );
    assert.is(await readFile(file, "utf8"), LIST);
    await list.edit(add("kiwi", "x".repeat(TABLE_LIMIT - LIST.length - "kiwi,\n".length)));
    assert.is((await list.load()).length, 3);
  });
});

test("of twelve edits at once, none is lost, whatever link they come through", async () => {
  await withList(async (list, { file, folder }) => {
    await symlink("fruit.csv", join(folder, "link.csv"));
    const linked = new TableFile(join(folder, "link.csv"), FRUIT);
    const names = Array.from({ length: 10 }, (_, index) => `f${index}`);
    await Promise.all([
      ...names.map((name, index) => (index % 2 ? list : linked).edit(add(name))),
      list.edit(remove("plum")),
      linked.edit(remove("lime")),
    ]);
    assert.equal((await list.load()).map(({ name }) => name).sort(), names.sort());
    assert.match(await readFile(file, "utf8"), /^name,colour\n# sour\n\n/);
    assert.equal((await readdir(folder)).sort(), ["fruit.csv", "link.csv"]);
  });
});

test.run();
