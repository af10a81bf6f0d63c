import type { FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { WriteBack } from "../../../exercises/05-ftp/ftp/storage/write-back.ts";
import { rejects } from "../../support/rejects.ts";

const MIB = 1024 * 1024;

/** A file that records the calls; each flush lasts until the test ends it. */
function file() {
  const asked: string[] = [];
  let end: (error?: Error) => void = () => {};
  const handle = {
    sync: async () => void asked.push("sync"),
    datasync: () => {
      asked.push("datasync");
      return new Promise<void>((resolve, reject) => {
        end = (error) => (error ? reject(error) : resolve());
      });
    },
  };
  return { asked, writeBack: new WriteBack(handle as FileHandle), end: (error?: Error) => end(error) };
}

test("flushes each 32 MiB during the write, and everything at the end", async () => {
  const { asked, writeBack, end } = file();
  writeBack.note(32 * MIB - 1);
  await setImmediate();
  assert.equal(asked, []);
  writeBack.note(1);
  await setImmediate();
  assert.equal(asked, ["datasync"]);
  // one is pending
  writeBack.note(64 * MIB);
  await setImmediate();
  assert.equal(asked, ["datasync"]);
  end();
  await setImmediate();
  writeBack.note(1);
  await setImmediate();
  assert.equal(asked, ["datasync", "datasync"]);
  let isOver = false;
  const finishing = writeBack.finish().then(() => {
    isOver = true;
  });
  await setImmediate();
  assert.is(isOver, false);
  end();
  await finishing;
  assert.equal(asked, ["datasync", "datasync", "sync"]);
});

test("one file at a time is flushed", async () => {
  const [first, second] = [file(), file()];
  first.writeBack.note(32 * MIB);
  second.writeBack.note(32 * MIB);
  await setImmediate();
  assert.equal(second.asked, []);
  first.end();
  await first.writeBack.end();
  second.writeBack.note(1);
  await setImmediate();
  assert.equal(second.asked, ["datasync"]);
  second.end();
  await second.writeBack.end();
});

test("finish reports an earlier failure, which stops no other file", async () => {
  const [first, second] = [file(), file()];
  first.writeBack.note(32 * MIB);
  await setImmediate();
  first.end(new Error("EIO: i/o error"));
  await first.writeBack.end();
  await rejects(first.writeBack.finish(), "EIO: i/o error");
  first.writeBack.note(32 * MIB);
  await setImmediate();
  assert.equal(first.asked, ["datasync"]);
  second.writeBack.note(32 * MIB);
  await setImmediate();
  assert.equal(second.asked, ["datasync"]);
  second.end();
  await second.writeBack.finish();
});

test.run();
