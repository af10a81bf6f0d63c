/** Names and facts in the replies of exercise 05's server. */
import { spawnSync } from "node:child_process";
import { mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { User } from "../../../exercises/05-ftp/ftp/server/user-list.ts";
import { VERBS } from "../../../exercises/05-ftp/ftp/server/verbs.ts";
import { Held } from "../../../exercises/05-ftp/ftp/storage/jail.ts";
import { type RawClient, withFtp } from "../../support/ftp-server.ts";

async function codes(client: RawClient, ...lines: string[]): Promise<number[]> {
  const all: number[] = [];
  for (const line of lines) all.push(Number((await client.command(line)).slice(0, 3)));
  return all;
}

test("folders: PWD doubles quotation marks, CWD and CDUP never leave the home", async () => {
  await withFtp(async ({ login }) => {
    const client = await login();
    assert.is(await client.command('MKD say "hi"'), '257 "/say ""hi""" created.');
    assert.match(await client.command('CWD say "hi"'), /^250 /);
    assert.is(await client.command("PWD"), '257 "/say ""hi""" is the current directory.');
    assert.equal(
      await codes(client, "MKD ü/", "CWD ü", "CDUP", "XCUP", "CDUP", "CWD ../../..", "CWD nowhere"),
      [...[257, 250, 250, 250, 250, 250, 550]],
    );
    assert.match(await client.command("XPWD"), /^257 "\/" /);
    assert.equal(
      await codes(client, 'RMD say "hi"', 'RMD /say "hi"/ü', 'RMD say "hi"', "RMD x"),
      [550, 250, 250, 550],
    );
  });
});

test("names with CR or NUL, and invalid UTF-8, are refused before any change", async () => {
  await withFtp(async ({ login }) => {
    const client = await login();
    for (const line of ["MKD a\rb", "MKD a\0b"]) assert.match(await client.command(line), /^501 /);
    client.send(new Uint8Array([...Buffer.from("MKD "), 0xe9, ...Buffer.from("\r\n")]));
    assert.match(await client.reply(), /^501 /);
    assert.match(await client.command(`MKD ${"x".repeat(256)}`), /^553 /);
    assert.match(await client.command(`MKD ${"x".repeat(3000)}`), /^500 /);
    assert.is((await client.download("MLSD")).text, "");
  });
});

test("files: SIZE, MDTM, MFMT, MLST, DELE and SITE CHMOD; times are in UTC", async () => {
  await withFtp(async ({ login, home }) => {
    await writeFile(join(home, "f"), "12345");
    await utimes(join(home, "f"), 0, Date.parse("2026-01-02T03:04:05Z") / 1000);
    await mkdir(join(home, "d"));
    const client = await login();
    assert.is(await client.command("SIZE f"), "213 5");
    assert.is(await client.command("MDTM f"), "213 20260102030405");
    assert.is(await client.command("MFMT 20200229235959 f"), "213 Modify=20200229235959; /f");
    assert.is(await client.command("MDTM f"), "213 20200229235959");
    assert.match(
      await client.command("MLST f"),
      /^250-Facts:\r\n type=file;size=5;modify=20200229235959;perm=adfrw;unique=\w+;UNIX\.mode=0\d{3}; \/f\r\n250 End$/,
    );
    assert.match(await client.command("SITE CHMOD 600 f"), /^200 /);
    assert.match(await client.command("MLST f"), /UNIX\.mode=0600; \/f/);
    // the server is the owner of a folder, and needs to read it
    assert.is(await client.command("SITE CHMOD 000 d"), "200 SITE CHMOD command successful, mode 700.");
    assert.match(await client.command("MLST d"), /UNIX\.mode=0700; \/d/);
    assert.equal(
      await codes(client, "SIZE d", "SIZE x", "MDTM x", "MLST x", "MFMT 1 f", "MFMT 20200101000000 x"),
      [...[550, 550, 550, 550, 501, 550]],
    );
    assert.equal(
      await codes(client, "SITE HELP", "SITE EXEC ls", "SITE CHMOD 4777 f", "DELE d", "DELE f", "DELE f"),
      [...[214, 504, 501, 550, 250, 550]],
    );
  });
});

test("a file of a far year fails no listing, and has no time", async () => {
  await withFtp(async ({ login, home }) => {
    const [far, old, near] = [join(home, "far"), join(home, "old"), join(home, "near")];
    for (const path of [far, old, near]) await writeFile(path, "x");
    for (const [time, path] of [
      ["@9000000000000", far],
      ["@-70000000000", old],
    ] as const)
      assert.is(spawnSync("touch", ["-d", time, path]).status, 0);
    const hasFarTimes = (await stat(far, { bigint: true })).mtimeNs === 9_000_000_000_000_000_000_000n;
    const client = await login();
    const listing = (await client.download("MLSD")).text;
    assert.match(listing, /modify=\d{14};.* near\r\n/);
    assert.is(listing.match(/\r\n/g)?.length, 3);
    for (const [, modify = ""] of listing.matchAll(/modify=(.*?);/g)) assert.match(modify, /^\d{14}$/);
    const line = /^-[-rw]{9} 1 ftp ftp +1 [A-Z][a-z]{2} [ \d]\d [ \d:]{5} (?:far|near|old)$/;
    for (const each of (await client.download("LIST")).text.trimEnd().split("\r\n")) assert.match(each, line);
    if (!hasFarTimes) return;
    for (const name of ["far", "old"]) {
      assert.match(await client.command(`MDTM ${name}`), /^550 /);
      assert.match(await client.command(`MLST ${name}`), /^250-Facts:\r\n type=file;size=1;perm=/);
      assert.match(await client.command(`STAT ${name}`), /^213-/);
    }
    assert.match(await client.command("MFMT 99991231235959 far"), /^213 Modify=99991231235959; \/far$/);
    assert.match(await client.command("MFMT 00000101000000 far"), /^501 /);
  });
});

test("MFMT replies with the time that the file system has stored", async () => {
  await withFtp(async ({ login, home }) => {
    await writeFile(join(home, "f"), "x");
    const client = await login();
    const { setModified } = Held.prototype;
    try {
      // as a file system does whose times are even, and end in 2107
      Held.prototype.setModified = function rounded(this: Held) {
        return setModified.call(this, new Date("2107-12-31T23:59:58Z"));
      };
      assert.is(await client.command("MFMT 22000101000001 f"), "213 Modify=21071231235958; /f");
    } finally {
      Held.prototype.setModified = setModified;
    }
    assert.is(await client.command("MDTM f"), "213 21071231235958");
  });
});

test("spaces around a word are ignored, and those of a name are not", async () => {
  await withFtp(async ({ login }) => {
    const client = await login();
    for (const [line, code] of [
      ["TYPE L8", 200],
      ["TYPE AN", 200],
      ["TYPE I ", 200],
      ["REST 5 ", 350],
      ["REST 0 ", 350],
      ["MODE S ", 200],
      ["STRU  F ", 200],
      ["ALLO 5 ", 202],
      ["PBSZ 0 ", 200],
      ["PROT P ", 200],
      ["OPTS UTF8 ON ", 200],
      ["EPSV 1 ", 229],
      ["PASV ", 227],
      ["HELP retr ", 214],
      ["TYPE  ", 501],
      ["MKD d ", 257],
      ["CWD d", 550],
      ["CWD d ", 250],
      ["EPSV ALL ", 200],
    ] as const)
      assert.match(await client.command(line), new RegExp(`^${code}`), line);
  });
});

test("renaming: RNTO works once after RNFR", async () => {
  await withFtp(async ({ login, home }) => {
    await writeFile(join(home, "a"), "contents");
    const client = await login();
    assert.equal(
      await codes(client, "RNTO b", "RNFR x", "RNFR a", "RNTO ü/b", "RNTO b", "RNFR a", "RNTO ü b", "RNTO c"),
      [...[503, 550, 350, 550, 503, 350, 250, 503]],
    );
    assert.is(await readFile(join(home, "ü b"), "utf8"), "contents");
  });
});

test("listings: LIST as ls -l, NLST with names, MLSD with facts, of folders and of a file; options of ls have no effect", async () => {
  await withFtp(async ({ login, home }) => {
    await mkdir(join(home, "dir"));
    for (const name of ["a b", "ü", "-x"]) await writeFile(join(home, "dir", name), name);
    await symlink("/etc/passwd", join(home, "dir", "link"));
    await symlink("nowhere", join(home, "dir", "dangling"));
    const client = await login();
    const sorted = (text: string) => text.trimEnd().split("\r\n").sort();
    assert.equal(sorted((await client.download("NLST dir")).text), ["-x", "a b", "ü"]);
    for (const line of ["LIST dir", "LIST -la dir", "LIST -a -l dir"]) {
      const lines = sorted((await client.download(line)).text);
      assert.is(lines.length, 3, line);
      assert.match(
        lines[0] ?? "",
        /^-rw-[r-]--[r-]-- 1 ftp ftp {12}2 [A-Z][a-z]{2} [ \d]\d \d\d:\d\d (-x|ü)$/u,
      );
    }
    await client.command("CWD dir");
    assert.is(sorted((await client.download("LIST -a")).text).length, 3);
    assert.equal(sorted((await client.download("NLST a b")).text), ["a b"]);
    await client.command("OPTS MLST size;type;");
    assert.equal(sorted((await client.download("MLSD /dir")).text), [
      ...["type=file;size=2; -x", "type=file;size=2; ü", "type=file;size=3; a b"],
    ]);
    assert.match(await client.command("STAT /dir"), /^213-Status follows:\r\n(?: -rw.*\r\n){3}213 End$/);
    for (const line of ["MLSD a b"]) assert.match((await client.download(line)).answer, /^501 /);
    for (const line of ["MLSD x", "LIST x", "NLST link", "RETR link"])
      assert.match((await client.download(line)).answer, /^550 /, line);
    assert.match((await client.download("RETR /dir")).answer, /^550 /);
    assert.match(await client.upload("STOR /dir", "x"), /^550 /);
    assert.match(await client.upload("STOR link", "x"), /^550 /);
  });
});

test("LIST and NLST expand * and ?, within the home, unless a file has that name", async () => {
  await withFtp(async ({ login, home }) => {
    await mkdir(join(home, "dir"));
    await writeFile(join(home, "..", "bob", "outside.txt"), "");
    for (const name of ["a.txt", "b.txt", "c.bin"]) await writeFile(join(home, "dir", name), "");
    await symlink("/etc/passwd", join(home, "dir", "link.txt"));
    const client = await login();
    const names = async (line: string) => {
      const { text, answer } = await client.download(line);
      assert.match(answer, /^226 /, line);
      return text.split("\r\n").slice(0, -1).sort();
    };
    assert.equal(await names("NLST dir/*.txt"), ["dir/a.txt", "dir/b.txt"]);
    assert.equal(await names("NLST -a /dir/?.bin"), ["/dir/c.bin"]);
    assert.equal(await names("NLST d*"), ["dir"]);
    assert.equal(await names("NLST *.none"), []);
    // nothing exists above the home, not even the folders of others
    assert.equal(await names("NLST ../../*"), ["../../dir"]);
    assert.match((await client.download("NLST ../bob/*.txt")).answer, /^550 /);
    for (const line of ["NLST */a.txt", "NLST nowhere/*", "NLST dir/a.txt/*", `NLST *${"x".repeat(256)}`])
      assert.match((await client.download(line)).answer, /^55[03] /, line);
    await client.command("CWD dir");
    assert.equal(await names("NLST *.txt"), ["a.txt", "b.txt"]);
    const long = await names("LIST *.txt");
    assert.is(long.length, 2);
    for (const line of long) assert.match(line, /^-rw.* [ab]\.txt$/);
    await writeFile(join(home, "dir", "*.txt"), "");
    assert.equal(await names("NLST *.txt"), ["*.txt"]);
    // MLSD takes names only (RFC 3659 §7.1)
    assert.match((await client.download("MLSD *.bin")).answer, /^550 /);
  });
});

test("an admin sees all folders, starts in a new home, and never leaves the root", async () => {
  const find = (name: string): User => ({
    ...{ name, home: "/staff/root", quota: undefined, readOnly: name === "reader" },
    admin: name !== "mallory",
  });
  const users = { find, verify: async (name: string) => find(name), isCurrent: () => true };
  await withFtp(
    async ({ connect, home, settings }) => {
      await writeFile(join(home, "a"), "of alice");
      const enter = async (name: string) => {
        const client = await connect();
        await client.encrypt();
        for (const line of ["PBSZ 0", "PROT P", `USER ${name}`, "PASS x", "TYPE I"])
          await client.command(line);
        return client;
      };
      const admin = await enter("admin");
      assert.match(await admin.command("PWD"), /^257 "\/staff\/root" /);
      assert.equal((await admin.download("NLST /")).text.split("\r\n").sort(), ["", "alice", "bob", "staff"]);
      assert.is((await admin.download("RETR /alice/a")).text, "of alice");
      assert.match(await admin.upload("STOR ../../bob/b", "for bob"), /^226 /);
      assert.is(await readFile(join(settings.root, "bob", "b"), "utf8"), "for bob");
      assert.match(await admin.command("SITE CHMOD 600 /alice/a"), /^200 /);
      assert.match(await admin.command("CWD ../../.."), /^250 /);
      assert.match(await admin.command("PWD"), /^257 "\/" /);

      const reader = await enter("reader");
      assert.is((await reader.download("RETR /alice/a")).text, "of alice");
      assert.match(await reader.command("DELE /alice/a"), /^550 /);

      const other = await enter("mallory");
      assert.match(await other.command("PWD"), /^257 "\/" /);
      assert.is((await other.download("NLST /")).text, "");
      for (const line of ["SIZE /alice/a", "CWD /alice", "CWD /staff", "SITE CHMOD 600 /alice/a"])
        assert.match(await other.command(line), /^550 /, line);
    },
    { users },
  );
});

/** Verbs whose argument is a name or ends with one, and how to spell that. */
const NAMING: Record<string, (name: string) => string> = {
  ...Object.fromEntries(
    "CWD XCWD MKD XMKD RMD XRMD DELE RNFR RNTO SIZE MDTM MLST MLSD LIST NLST STAT RETR STOR APPE STOU"
      .split(" ")
      .map((verb) => [verb, (name: string) => `${verb} ${name}`]),
  ),
  MFMT: (name) => `MFMT 20260102030405 ${name}`,
  SITE: (name) => `SITE CHMOD 600 ${name}`,
};

test("no verb accepts a name with NUL, CR or LF", async () => {
  const takesName = [...VERBS]
    .filter(([, { usage }]) => /NAME|FILE|FOLDER/.test(usage))
    .map(([verb]) => verb);
  // these names are not file names
  const others = ["USER", "CLNT", "HELP"];
  assert.equal(takesName.filter((verb) => !others.includes(verb)).sort(), Object.keys(NAMING).sort());
  await withFtp(async ({ login, home }) => {
    await writeFile(join(home, "file"), "untouched");
    await mkdir(join(home, "folder"));
    const client = await login();
    const before = await facts(home);
    for (const [verb, spell] of Object.entries(NAMING))
      for (const name of ["file\0", "file\r", "fi\rle", "\0file", "folder\0x", "folder/\r", "\r", "\0"]) {
        await client.passive();
        if (verb === "RNTO") assert.match(await client.command("RNFR file"), /^350 /);
        // a single CR at the end belongs to the line break
        assert.match(await client.command(spell(name)), /^501 /, JSON.stringify(spell(name)));
      }
    assert.equal(await facts(home), before);
    // an LF ends the line, and the next command follows
    for (const [verb, spell] of Object.entries(NAMING)) {
      await client.command("CWD /");
      const [first, second] = [await client.command(spell("nowhere/file\nNOOP")), await client.reply()];
      assert.match(first, /^[45]\d\d /, verb);
      assert.is(second, "200 NOOP ok.", verb);
    }
    assert.equal(await facts(home), before);
  });
});

/** Returns everything in `folder` that can change. */
async function facts(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).sort();
  return Promise.all(
    names.map(async (name) => {
      const { mode, mtimeMs, size } = await stat(join(folder, name));
      return [name, mode, mtimeMs, size].join();
    }),
  );
}

test("a read-only user changes nothing", async () => {
  await withFtp(async ({ login, home }) => {
    await writeFile(join(home, "..", "bob", "f"), "contents");
    const client = await login("bob");
    assert.is((await client.download("RETR f")).text, "contents");
    assert.match((await client.download("MLSD")).text, /perm=r;/);
    for (const line of ["DELE f", "MKD d", "MFMT 20200101000000 f", "SITE CHMOD 600 f"])
      assert.match(await client.command(line), /^550 /, line);
    for (const line of ["STOR f", "APPE f", "STOU"])
      assert.match(await client.upload(line, "x"), /^550 /, line);
    await client.command("RNFR f");
    assert.match(await client.command("RNTO g"), /^550 /);
  });
});

test("TYPE, STRU, MODE, ALLO and REST accept supported values only", async () => {
  await withFtp(async ({ login }) => {
    const client = await login();
    assert.equal(
      await codes(
        client,
        "TYPE A",
        "TYPE L 8",
        "TYPE E",
        "TYPE",
        "STRU F",
        "STRU R",
        "MODE S",
        "MODE B",
        "ALLO 5",
        "REST -1",
      ),
      [200, 200, 504, 501, 200, 504, 200, 504, 202, 501],
    );
  });
});

test.run();
