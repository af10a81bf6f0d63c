/**
 * Downloads and uploads of files and folders: how they are verified and resumed, and what a
 * malicious server cannot do.
 */
import { spawnSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  download,
  OVERLAP,
  type TransferOptions,
  upload,
} from "../../../exercises/05-ftp/ftp/client/file-transfer.ts";
import type { FtpClient } from "../../../exercises/05-ftp/ftp/client/ftp-client.ts";
import { PART_SUFFIX, partOf, whyUnsafe } from "../../../exercises/05-ftp/ftp/client/local-file.ts";
import {
  DEPTH_LIMIT,
  downloadTree,
  TREE_LIMIT,
  type TreeOptions,
  uploadTree,
} from "../../../exercises/05-ftp/ftp/client/tree.ts";
import { LISTING_LIMIT } from "../../../exercises/05-ftp/ftp/protocol/listing.ts";
import { type Bytes, concat, encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { randomBytes } from "../../../lib/crypto/webcrypto.ts";
import { type FakeFtp, type FakeOptions, withFake } from "../../support/fake-ftp.ts";
import { rejects } from "../../support/rejects.ts";
import { withFolder } from "../../support/temporary.ts";

const plain: TransferOptions = { resume: false, verify: false };
const resuming: TransferOptions = { resume: true, verify: false };
const content = concat(Array.from({ length: 50 }, () => randomBytes(65_000)));

interface Scene {
  fake: FakeFtp;
  client: FtpClient;
  /** Returns the path of a local file. */
  local: (name: string) => string;
}

async function withScene(options: FakeOptions, use: (scene: Scene) => Promise<void>): Promise<void> {
  await withFolder((folder) =>
    withFake(options, async (fake) => {
      const client = await fake.client();
      await use({ fake, client, local: (name) => join(folder, name) });
      client.destroy();
    }),
  );
}

function makePipe(path: string): void {
  assert.is(spawnSync("mkfifo", [path]).status, 0);
}

/** Sends `part` of a file and, once the client has some of it, a negative reply. */
function breaking(part: Bytes, arrived: Promise<void>): NonNullable<FakeOptions["answer"]> {
  return async ({ verb, say, data }) => {
    if (verb !== "RETR") return false;
    say("150 it comes");
    (await data()).end(part);
    await arrived;
    say("426 broken off");
    return true;
  };
}

test("download: the file appears once it is complete, and replaces the old one", async () => {
  await withScene({ files: { a: content, empty: "" } }, async ({ client, local }) => {
    const told: number[] = [];
    await writeFile(local("a"), "old");
    const onStart = (total: number | undefined, existing: number) => void told.push(total ?? -1, existing);
    let carried = 0;
    const onBytes = (length: number) => {
      carried += length;
    };
    await download(client, ["a", local("a")], { ...plain, verify: true, onStart, onBytes });
    assert.equal(new Uint8Array(await readFile(local("a"))), content);
    assert.equal([...told, carried], [content.length, 0, content.length]);
    await download(client, ["empty", local("empty")], { ...plain, verify: true });
    assert.is((await readFile(local("empty"))).length, 0);
    assert.equal(await readdir(local("")), ["a", "empty"], "and nothing else is left");
  });
});

test("download: an interrupted one leaves the old file unchanged, and can be resumed", async () => {
  const half = content.subarray(0, 2_000_000);
  let onBytes = () => {};
  const arrived = new Promise<void>((resolve) => {
    onBytes = resolve;
  });
  await withScene({ files: { a: content }, answer: breaking(half, arrived) }, async ({ client, local }) => {
    await writeFile(local("a"), "old");
    const interrupted = download(client, ["a", local("a")], { ...plain, onBytes });
    await rejects(interrupted, "the server says: 426 broken off");
    assert.is(await readFile(local("a"), "utf8"), "old");
    // whole pieces only, and nothing that was not received
    const part = new Uint8Array(await readFile(partOf(local("a"))));
    assert.ok(part.length > 0);
    assert.equal(part, content.subarray(0, part.length));
    await rename(partOf(local("a")), local("half"));
  });
  await withScene({ files: { a: content } }, async ({ client, fake, local }) => {
    await writeFile(partOf(local("a")), half);
    let existing = 0;
    const onStart = (_total: number | undefined, there: number) => {
      existing = there;
    };
    await download(client, ["a", local("a")], { ...resuming, verify: true, onStart });
    assert.equal(new Uint8Array(await readFile(local("a"))), content);
    assert.is(existing, half.length);
    assert.ok(fake.log.includes(`REST ${half.length - OVERLAP}`));
    // with nothing there yet, and with everything there already
    await download(client, ["a", local("b")], resuming);
    await writeFile(partOf(local("c")), content);
    await download(client, ["a", local("c")], resuming);
    assert.equal(new Uint8Array(await readFile(local("c"))), content);
  });
});

test("download: resumes only if the last bytes are the same", async () => {
  await withScene({ files: { a: content, short: "hello" } }, async ({ client, local }) => {
    const other = content.slice(0, 100_000);
    other[99_999] = (other[99_999] ?? 0) ^ 1;
    await writeFile(partOf(local("a")), other);
    await rejects(download(client, ["a", local("a")], resuming), /is not the start of the server's file/);
    assert.equal(new Uint8Array(await readFile(partOf(local("a")))), other, "and is left as it was");
    await writeFile(partOf(local("short")), "hello, world");
    await rejects(download(client, ["short", local("short")], resuming), /is longer than the server's file/);
    assert.equal((await readdir(local(""))).sort(), [`a${PART_SUFFIX}`, `short${PART_SUFFIX}`]);
  });
});

test("download: fails if the file is shorter or longer than SIZE", async () => {
  for (const [size, came] of [
    [content.length + 1, content.length],
    [content.length - 1, content.length],
  ] as const) {
    const answer: FakeOptions["answer"] = ({ verb, say }) => {
      if (verb === "SIZE") say(`213 ${size}`);
      return verb === "SIZE";
    };
    await withScene({ files: { a: content }, answer }, async ({ client, local }) => {
      await rejects(
        download(client, ["a", local("a")], plain),
        `a has ${size} bytes on the server, but ${came} arrived`,
      );
      assert.equal(await readdir(local("")), [`a${PART_SUFFIX}`]);
    });
  }
});

test("download: warns if the server reports no size; verify finds a difference", async () => {
  let times = 0;
  const answer: FakeOptions["answer"] = async ({ verb, say, data }) => {
    if (verb === "SIZE") say("502 what?");
    else if (verb === "MLST") say("502 what?");
    else if (verb === "RETR") {
      times += 1;
      say("150 it comes");
      (await data()).end(times === 3 ? "hellO" : "hello");
      say("226 that was it");
    } else return false;
    return true;
  };
  await withScene({ answer }, async ({ client, local }) => {
    const warnings: string[] = [];
    await download(client, ["a", local("a")], { ...plain, warn: (text) => void warnings.push(text) });
    assert.is(await readFile(local("a"), "utf8"), "hello");
    assert.equal(warnings, ["the server does not report the size of a"]);
    await rejects(
      download(client, ["a", local("a")], { ...plain, verify: true }),
      "a differs from the local file",
    );
  });
});

test("download: never writes to a link or a pipe instead of the incomplete file", async () => {
  await withScene({ files: { a: "hello" } }, async ({ client, local }) => {
    await writeFile(local("precious"), "precious");
    await symlink(local("precious"), partOf(local("a")));
    await rejects(download(client, ["a", local("a")], resuming), /a\.sml-part: /);
    await download(client, ["a", local("a")], plain);
    assert.is(await readFile(local("precious"), "utf8"), "precious");
    assert.is(await readFile(local("a"), "utf8"), "hello");
    await mkdir(partOf(local("b")));
    await rejects(download(client, ["a", local("b")], resuming), /b\.sml-part: it is a folder$/);
    await rejects(download(client, ["a", local("no/b")], plain), /: there is no such file or folder$/);
  });
});

test("download: a link, a pipe or a device is not replaced, even one that appears meanwhile", async () => {
  await withScene({ files: { a: "hello" } }, async ({ client, local }) => {
    await writeFile(local("precious"), "precious");
    await symlink(local("precious"), local("link"));
    await symlink(local("nowhere"), local("dangling"));
    makePipe(local("pipe"));
    for (const [name, reason] of [
      ["link", /link: it is a symbolic link, which would be replaced$/],
      ["dangling", /dangling: it is a symbolic link, which would be replaced$/],
      ["pipe", /pipe: it is not a regular file$/],
      ["/dev/null", /^\/dev\/null: it is not a regular file$/],
      [".", /: it is a folder$/],
    ] as const)
      await rejects(download(client, ["a", name.startsWith("/") ? name : local(name)], plain), reason);
    const before = ["dangling", "link", "pipe", "precious"];
    assert.equal(await readdir(local("")), before, "nothing was received for them");
    const onStart = () => symlinkSync(local("precious"), local("a"));
    await rejects(download(client, ["a", local("a")], { ...plain, onStart }), /a: it is a symbolic link/);
    assert.is(await readFile(local("precious"), "utf8"), "precious");
    assert.ok((await lstat(local("a"))).isSymbolicLink());
  });
});

test("upload: a pipe or a device is refused, and a link is followed", async () => {
  await withScene({}, async ({ client, fake, local }) => {
    makePipe(local("pipe"));
    for (const path of [local("pipe"), "/dev/null", "/dev/zero"])
      await rejects(upload(client, [path, "x"], plain), /: it is not a regular file$/);
    assert.equal([...fake.files], []);
    await writeFile(local("a"), "hello");
    await symlink(local("a"), local("link"));
    await upload(client, [local("link"), "x"], plain);
    assert.equal(fake.files.get("x"), encodeUtf8("hello"));
  });
});

test("download: fails if the file reads back differently", async () => {
  await withScene({ files: { a: "hello" } }, async ({ client, local }) => {
    await writeFile(local("x"), "");
    const handle = await open(local("x"));
    const prototype: FileHandle = Object.getPrototypeOf(handle);
    await handle.close();
    const { writev } = prototype;
    const zeros = (chunks: Bytes[]) => chunks.map(({ length }) => new Uint8Array(length));
    Object.assign(prototype, {
      writev(this: FileHandle, chunks: Bytes[], position: number) {
        return writev.call(this, zeros(chunks), position);
      },
    });
    try {
      await rejects(
        download(client, ["a", local("a")], plain),
        /a\.sml-part: the bytes read back differ from those written$/,
      );
    } finally {
      Object.assign(prototype, { writev });
    }
    assert.not.ok((await readdir(local(""))).includes("a"));
  });
});

test("upload: the server confirms it and its size", async () => {
  await withScene({}, async ({ client, fake, local }) => {
    await writeFile(local("a"), content);
    await writeFile(local("empty"), "");
    await upload(client, [local("a"), "x"], { ...plain, verify: true });
    assert.equal(fake.files.get("x"), content);
    await upload(client, [local("empty"), "y"], { ...plain, verify: true });
    assert.is(fake.files.get("y")?.length, 0);
    await rejects(upload(client, [local("nope"), "z"], plain), /nope: there is no such file or folder$/);
    await rejects(upload(client, [local(""), "z"], plain), /: it is a folder$/);
    await rejects(upload(client, ["/dev/null", "z"], plain), "/dev/null: it is not a regular file");
  });
});

test("upload: fails if it is stored short or altered, or changes during the upload", async () => {
  let alter: (fake: FakeFtp) => Promise<void> = async () => {};
  let current: FakeFtp | undefined;
  const answer: FakeOptions["answer"] = async ({ verb }) => {
    if (verb === "SIZE" && current) await alter(current);
    return false;
  };
  await withScene({ answer }, async ({ client, fake, local }) => {
    current = fake;
    await writeFile(local("a"), content);
    alter = async ({ files }) => void files.set("x", content.subarray(1));
    await rejects(
      upload(client, [local("a"), "x"], plain),
      new RegExp(`a has ${content.length} bytes, but the server reports ${content.length - 1}$`),
    );
    alter = async ({ files }) => void files.set("x", concat([content.subarray(0, -1), new Uint8Array(1)]));
    await upload(client, [local("a"), "x"], plain);
    await rejects(
      upload(client, [local("a"), "x"], { ...plain, verify: true }),
      "x differs from the local file",
    );
    const onStart = () => void writeFile(local("a"), "changed");
    await rejects(upload(client, [local("a"), "x"], { ...plain, onStart }), /a changed during the upload$/);
  });
});

test("upload: resumes only if the server has the start of the file", async () => {
  await withScene({}, async ({ client, fake, local }) => {
    await writeFile(local("a"), content);
    for (const length of [0, 1, 1_000_000, content.length]) {
      fake.files.set("x", content.slice(0, length));
      const from = fake.log.length;
      await upload(client, [local("a"), "x"], { ...resuming, verify: true });
      assert.equal(fake.files.get("x"), content);
      const commands = fake.log.slice(from);
      if (length === 1_000_000) assert.ok(commands.includes(`REST ${length}`), commands.join());
      assert.is(commands.includes("STOR x"), length < content.length);
    }
    await upload(client, [local("a"), "new"], resuming);
    assert.equal(fake.files.get("new"), content);
    fake.files.set("x", new Uint8Array(1_000_000));
    await rejects(upload(client, [local("a"), "x"], resuming), "x differs from the local file");
    fake.files.set("x", concat([content, content]));
    await rejects(upload(client, [local("a"), "x"], resuming), /^x is longer on the server than here/);
  });
});

/** Collects what a walk through folders reports. */
function collect(): { options: TreeOptions; carried: string[]; failed: string[]; leftOut: string[] } {
  const carried: string[] = [];
  const failed: string[] = [];
  const leftOut: string[] = [];
  const options: TreeOptions = {
    transfer: async (from) => void carried.push(from),
    fail: (error) => void failed.push(error instanceof Error ? error.message : String(error)),
    skip: (text) => void leftOut.push(text),
  };
  return { options, carried, failed, leftOut };
}

const HOSTILE = [
  "..",
  ".",
  "../x",
  "/etc/x",
  "a/../../x",
  "a\u0000b",
  "a\u001b[2Jb",
  `a${PART_SUFFIX}`,
  "a\tb",
];

test("whyUnsafe: names that lead elsewhere, drive the terminal, or look like an incomplete file", () => {
  for (const name of [...HOSTILE, "", "/", "x\u0085"]) assert.type(whyUnsafe(name), "string", name);
  for (const name of ["a", "...", "a b", "ü", "-r", "a\\b", "~", "$HOME", ".hidden", "日本"])
    assert.is(whyUnsafe(name), undefined, name);
});

test("partOf: beside the file, and never too long", async () => {
  assert.is(partOf("a/b"), `a/b${PART_SUFFIX}`);
  for (const name of ["x".repeat(255), "ü".repeat(127)]) {
    const part = partOf(`a/${name}`).slice(2);
    assert.ok(Buffer.byteLength(part) <= 255 && part.endsWith(PART_SUFFIX));
  }
});

test("downloadTree: names from the server never leave the folder", async () => {
  const lines = HOSTILE.flatMap((name) => [`type=file;size=1; ${name}`, `type=dir; ${name}`]);
  const answer: FakeOptions["answer"] = async ({ verb, say, data }) => {
    if (verb !== "MLSD") return false;
    say("150 here");
    (await data()).end(["type=file;size=5; good", ...lines].join("\r\n"));
    say("226 done");
    return true;
  };
  await withScene({ answer }, async ({ client, local }) => {
    const { options, carried, failed } = collect();
    await downloadTree(client, ["top", local("here")], options);
    assert.equal(carried, ["top/good"]);
    assert.is(failed.length, 2 * HOSTILE.length);
    for (const message of failed) assert.not.match(message, /\p{Cc}/u);
    assert.equal(await readdir(local("")), ["here"]);
    assert.equal(await readdir(local("here")), []);
  });
});

test("downloadTree: follows no local link, and stops at a depth", async () => {
  const answer: FakeOptions["answer"] = async ({ verb, argument, say, data }) => {
    if (verb !== "MLSD") return false;
    say("150 here");
    const line =
      argument === "top" ? "type=dir; link\r\ntype=dir; deep\r\ntype=OS.unix=slink:/etc; odd" : "type=dir; x";
    (await data()).end(line);
    say("226 done");
    return true;
  };
  await withScene({ answer }, async ({ client, fake, local }) => {
    const { options, failed, leftOut } = collect();
    await mkdir(local("here"));
    await mkdir(local("elsewhere"));
    await symlink(local("elsewhere"), local("here/link"));
    await downloadTree(client, ["top", local("here")], options);
    assert.equal(await readdir(local("elsewhere")), []);
    assert.match(failed[0] ?? "", /link: it is a symbolic link$/);
    assert.match(failed[1] ?? "", /is skipped: it is nested too deeply$/);
    assert.is(failed.length, 2);
    assert.equal(leftOut, ["top/odd is neither a file nor a folder"]);
    assert.is(fake.log.filter((line) => line.startsWith("MLSD")).length, DEPTH_LIMIT + 1);
  });
});

test("downloadTree: replaces no local link or pipe, and needs a folder", async () => {
  const files = { link: "1", pipe: "2", good: "3" };
  await withScene({ files }, async ({ client, local }) => {
    await mkdir(local("here"));
    await writeFile(local("precious"), "precious");
    await symlink(local("precious"), local("here/link"));
    makePipe(local("here/pipe"));
    const { options, failed } = collect();
    const transfer = (from: string, to: string) => download(client, [from.slice("top/".length), to], plain);
    await downloadTree(client, ["top", local("here")], { ...options, transfer });
    assert.match(failed.join("\n"), /link: it is a symbolic link.*\n.*pipe: it is not a regular file$/);
    assert.is(await readFile(local("precious"), "utf8"), "precious");
    assert.is(await readFile(local("here/good"), "utf8"), "3");
    makePipe(local("pipe"));
    for (const name of ["pipe", "precious"])
      await rejects(downloadTree(client, ["top", local(name)], options), /: it is not a folder$/);
    // the user has named this link
    await symlink(local("here"), local("there"));
    await downloadTree(client, ["top", local("there")], options);
  });
});

test("downloadTree: malformed entries are failures, and the rest is transferred", async () => {
  const lines = [" type=file;size=5;modify=20200102030405; a", "size=5; b", "type=file;size=5; c"];
  await withScene({ lines }, async ({ client, local }) => {
    const { options, carried, failed } = collect();
    await downloadTree(client, ["top", local("here")], options);
    assert.equal(carried, ["top/c"]);
    assert.equal(failed, ["top: unreadable entries: 2 (malformed lines, or names that are not UTF-8)"]);
  });
});

test("downloadTree: stops at a number of entries, and limits the listings in memory", async () => {
  const lines = ["type=dir; x", "type=OS.unix=x; y"];
  const start = { depth: 0, held: 0, tally: { entries: 0 } };
  await withScene({ lines }, async ({ client, fake, local }) => {
    const lists = () => fake.log.filter((line) => line.startsWith("MLSD")).length;
    const { options, failed } = collect();
    const nearlyAll = { ...start, tally: { entries: TREE_LIMIT - 3 } };
    await rejects(
      downloadTree(client, ["top", local("many")], options, nearlyAll),
      /^the tree has more than 1000000 entries/,
    );
    assert.is(lists(), 2);
    assert.equal(failed, []);
    const nearlyFull = { ...start, held: LISTING_LIMIT - 3 * lines.join("").length };
    await downloadTree(client, ["top", local("long")], options, nearlyFull);
    assert.is(lists(), 2 + 4);
    assert.equal(failed, ["the server's listing is longer than 0 bytes"]);
  });
});

test("uploadTree: skips links, reports failures, and continues with the rest", async () => {
  const answer: FakeOptions["answer"] = ({ verb, argument, say }) => {
    if (verb !== "MKD" || argument !== "top/no") return false;
    say("550 never");
    return true;
  };
  await withScene({ answer }, async ({ client, fake, local }) => {
    for (const folder of ["t", "t/b", "t/no"]) await mkdir(local(folder));
    await writeFile(local("t/a"), "1");
    await writeFile(local("t/b/c"), "2");
    await writeFile(local("t/no/d"), "3");
    await symlink(local("t/a"), local("t/link"));
    await symlink(local("t/b"), local("t/folder-link"));
    const { options, carried, failed, leftOut } = collect();
    await uploadTree(client, [local("t"), "top"], options);
    assert.equal(carried, [local("t/a"), local("t/b/c")]);
    assert.equal(failed, ["the server says: 550 never"]);
    assert.equal(
      leftOut.map((text) => text.split("/").at(-1)),
      ["folder-link is a symbolic link", "link is a symbolic link"],
    );
    assert.equal(
      fake.log.filter((line) => line.startsWith("MKD")),
      ["MKD top", "MKD top/b", "MKD top/no"],
    );
  });
});

test("trees: stop when the connection fails", async () => {
  await withScene({ files: { a: "1", b: "2" } }, async ({ client, local }) => {
    const { options, failed } = collect();
    let tries = 0;
    const transfer = async () => {
      tries += 1;
      client.destroy();
      await client.closed;
      throw new Error("gone");
    };
    await rejects(downloadTree(client, ["top", local("here")], { ...options, transfer }), "gone");
    assert.is(tries, 1);
    assert.equal(failed, []);
  });
});

test.run();
