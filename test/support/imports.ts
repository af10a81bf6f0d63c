/**
 * Imports the files named on the command line one by one, and prints those whose import had a side
 * effect: a listener on the process or its streams, a file descriptor or timer left open, or
 * output.
 */
import process from "node:process";

let printed = 0;
const write = process.stdout.write.bind(process.stdout);
for (const stream of [process.stdout, process.stderr])
  stream.write = () => {
    printed += 1;
    return true;
  };

for (const file of process.argv.slice(2)) {
  const before = state();
  await import(file);
  if (state() !== before) write(`${file}\n`);
}

function state(): string {
  const emitters = [process, process.stdin, process.stdout, process.stderr];
  const listeners = emitters.flatMap((emitter) =>
    emitter.eventNames().map((name) => `${String(name)}: ${emitter.listenerCount(name)}`),
  );
  return JSON.stringify([listeners, process.getActiveResourcesInfo(), process.exitCode, printed]);
}
