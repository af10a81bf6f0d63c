/** Which tests `npm test` runs, and which it leaves to `npm run test:all`. */

/** Folders and files below test/ that `npm test` leaves out, each with the reason. */
export const LEFT_OUT: readonly (readonly [path: string, reason: string])[] = [
  ["end-to-end/", "attacks on the scripts, their limits, and other programs as their peers"],
  ["grader/commands/grade-one.test.ts", "grades whole submissions"],
  ["grader/crack/broken-keys.test.ts", "factors keys"],
  ["grader/crack/rsa/weak-rsa.test.ts", "factors keys"],
  ["grader/crack/honest.test.ts", "searches honest traffic for minutes"],
  ["grader/crack/toy-ciphers.test.ts", "breaks ciphers"],
  ["grader/crack/forger.test.ts", "breaks ciphers, and forges"],
  ["grader/grading/", "grades whole submissions"],
  ["grader/commands/init.test.ts", "starts submissions"],
  ["grader/init/init-folder.test.ts", "starts submissions"],
  ["grader/run/", "starts submissions"],
  ["grader/sandbox/", "starts sandboxes"],
  ["grader/wire/wire.test.ts", "starts submissions"],
  ["unit/files/bad-disk.test.ts", "mounts disks, and makes a key"],
  ["unit/files/key-files.test.ts", "makes keys, and kills the programs that make them"],
  ["unit/files/table-file-killed.test.ts", "kills the programs that edit a list"],
  ["unit/ftp/upload.test.ts", "kills the programs that upload"],
  ["unit/messages/tamper.test.ts", "flips every bit of each message"],
  ["ci.test.ts", "tests .ci/run"],
  ["run.test.ts", "tests test/run.ts"],
];

/** One honest pass of every script: the only end-to-end tests in `npm test`. */
const KEPT = "end-to-end/each-script.test.ts";

/** The WebCrypto providers; `npm test` uses the first. */
export const PROVIDERS = ["peculiar", "native"] as const;

// unit tests without cryptography, or with it behind a channel, which has its own tests
const ONE_PROVIDER =
  /^test\/unit\/(?:async|bytes|cli|net)\/|\/(?:allow-list|bad-disk|attempts|channel-server|channel-stream|chat-record|common-passwords|conversation|csv|delivery|event-log|glob|imports|jail|journal|journal-file|lock|password-prompt|path|pins|protocol|quota|rate|refusal|safety-phrase|sessions|small-file|storage|switchboard|table-file|talk|table-file-killed|ticket|upload|watched-file|when-free)\.test\.ts$/;

/** Returns the providers that `file` is run with; undefined if its tests choose them. */
export function providersOf(file: string): readonly (string | undefined)[] {
  if (!file.startsWith("test/unit/")) return [undefined];
  return ONE_PROVIDER.test(file) ? PROVIDERS.slice(0, 1) : PROVIDERS;
}

/** Returns why `npm test` does not run `file` with `provider`; undefined if it does. */
export function reasonToLeaveOut(file: string, provider: string | undefined): string | undefined {
  if (file === `test/${KEPT}`) return undefined;
  const [, reason] = LEFT_OUT.find(([path]) => file.startsWith(`test/${path}`)) ?? [];
  if (reason !== undefined) return reason;
  const [first] = PROVIDERS;
  return provider === undefined || provider === first
    ? undefined
    : `unit tests with the provider ${provider}`;
}
