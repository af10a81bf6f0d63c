import { test } from "uvu";
import * as assert from "uvu/assert";
import { Semaphore } from "../../../lib/async/semaphore.ts";
import { clear, pairOf } from "../fakes/fake-programs.ts";
import { FakeRunningProgram, FakeTask } from "../fakes/fake-task.ts";
import { NotShown } from "../model/verdict-errors.ts";
import { oncePerTask, SharedExchanges } from "./shared-exchanges.ts";

function exchangesWith(options: { clients: number }): { exchanges: SharedExchanges; titles: string[] } {
  const titles: string[] = [];
  const exchanges = new SharedExchanges(new FakeTask(pairOf(clear, options)), {
    semaphore: new Semaphore(4),
    timeout: 60,
    keepsFolders: false,
    longText: 500,
    record: (title) => titles.push(title),
  });
  return { exchanges, titles };
}

test("baseline and sameTexts run one exchange each, however many checks ask", async () => {
  const { exchanges, titles } = exchangesWith({ clients: 1 });
  const [{ first }, again] = await Promise.all([
    exchanges.baseline(),
    exchanges.sameTexts(),
    exchanges.baseline(),
    exchanges.sameTexts(),
  ]);
  assert.equal(titles, ["the first exchange", "the same texts again"]);
  assert.equal([again.message, again.reply], [first.message, first.reply]);
  await exchanges.finish();
});

test("baseline tries programs again that fell silent, but not those that used up their time", async () => {
  const { server } = pairOf(clear);
  const titles: string[] = [];
  const silent = new FakeTask({ server, client: () => new Promise(() => {}) });
  const options = { semaphore: new Semaphore(1), keepsFolders: false, longText: 500 };
  const record = (title: string) => titles.push(title);
  const brief = new SharedExchanges(silent, { ...options, timeout: 0.2, record });
  assert.is((await brief.baseline()).first.unfinished, true);
  assert.equal(titles, ["the first exchange"]);
  await brief.finish();
  titles.length = 0;
  const gone = new FakeTask({ server, client: async () => {} });
  const usual = new SharedExchanges(gone, { ...options, timeout: 60, record });
  await usual.baseline();
  assert.equal(titles, ["the first exchange", "another attempt"]);
  await usual.finish();
});

test("baseline knows the turns that carried the texts", async () => {
  const { exchanges } = exchangesWith({ clients: 1 });
  const { turns } = await exchanges.baseline();
  assert.is(turns.message?.direction, "client to server");
  assert.is(turns.reply?.direction, "server to client");
  await exchanges.finish();
});

test("run takes a server that has served others, if it serves many", async () => {
  const { exchanges } = exchangesWith({ clients: 1000 });
  const one = await exchanges.run({ title: "one" });
  const two = await exchanges.run({ title: "two" });
  assert.is(one.session, two.session);
  assert.not.equal(one.message, two.message);
  await exchanges.finish();
});

test("run takes a fresh server if the one before has ended, or if its time is up", async () => {
  const { exchanges } = exchangesWith({ clients: 1000 });
  const one = await exchanges.run({ title: "one" });
  await one.session.server.stop();
  const two = await exchanges.run({ title: "two" });
  assert.is.not(two.session, one.session);
  assert.is(two.times.message, 1);
  let runs = 0;
  const three = await exchanges.run(() => ({
    title: "three",
    during: async ({ server }) => {
      runs += 1;
      if (runs === 1 && server instanceof FakeRunningProgram)
        server.finish({ status: undefined, stopReason: "time" });
    },
  }));
  assert.is(runs, 2);
  assert.is.not(three.session, two.session);
  assert.is(three.times.message, 1);
  await exchanges.finish();
});

test("run starts a server for each exchange, if it serves one client", async () => {
  const { exchanges } = exchangesWith({ clients: 1 });
  const one = await exchanges.run({ title: "one" });
  const two = await exchanges.run({ title: "two" });
  assert.is.not(one.session, two.session);
  await exchanges.finish();
});

test("runInNewSession starts a server, even if it serves many", async () => {
  const { exchanges } = exchangesWith({ clients: 1000 });
  const shared = await exchanges.run({ title: "shared" });
  const own = await exchanges.runInNewSession({ title: "own", reply: "the reply" });
  assert.is.not(own.session, shared.session);
  assert.is(own.reply, "the reply");
  assert.is(own.times.reply, 1);
  await exchanges.finish();
});

test("run starts nothing after finish", async () => {
  const { exchanges } = exchangesWith({ clients: 1 });
  await exchanges.baseline();
  await exchanges.finish();
  const error: unknown = await exchanges.run({ title: "late" }).catch((thrown: unknown) => thrown);
  assert.instance(error, NotShown);
});

test("oncePerTask runs once for each task", async () => {
  let runs = 0;
  const next = oncePerTask("a stage", async () => {
    runs += 1;
    return runs;
  });
  const [{ exchanges: one }, { exchanges: two }] = [
    exchangesWith({ clients: 1 }),
    exchangesWith({ clients: 1 }),
  ];
  assert.equal(await Promise.all([next(one), next(one), next(two)]), [1, 1, 2]);
});

test.run();
