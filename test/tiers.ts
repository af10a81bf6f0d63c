/** What `npm test` runs, and what it leaves to `npm run test:all`. */

/** Where the tests are that `npm test` leaves out, below test/, and why. */
export const LEFT_OUT: readonly (readonly [path: string, reason: string])[] = [
  ["end-to-end/", "attacks on the scripts, their limits, and other programs as their peers"],
  ["grader/crack/broken-keys.test.ts", "factors keys"],
  ["grader/crack/honest.test.ts", "searches honest traffic for minutes"],
  ["grader/crack/toy-ciphers.test.ts", "breaks ciphers"],
  ["grader/grading/", "grades whole submissions"],
  ["grader/run/", "starts submissions"],
  ["grader/sandbox/", "starts sandboxes"],
  ["grader/wire/wire.test.ts", "starts submissions"],
  ["unit/files/key-files.test.ts", "makes keys, and kills the programs that make them"],
  ["unit/ftp/upload.test.ts", "kills the programs that upload"],
  ["unit/messages/tamper.test.ts", "flips every bit of each message"],
  ["ci.test.ts", "tests .ci/run"],
  ["run.test.ts", "tests test/run.ts"],
];

/** In a folder that is left out, but in `npm test`: one honest pass of every script. */
const KEPT = "end-to-end/each-script.test.ts";

/** The WebCrypto providers; `npm test` has the first. */
export const PROVIDERS = ["peculiar", "native"] as const;

// unit tests that meet no cryptography, or only behind a channel, which has tests of its own
const ONE_PROVIDER =
  /^test\/unit\/(?:async|bytes|cli|net)\/|\/(?:allow-list|channel-server|channel-stream|conversation|event-log|glob|jail|password-prompt|path|pins|quota|refusal|small-file|storage|switchboard|ticket|upload|when-free)\.test\.ts$/;

/** The providers with which the tests of `file` run; undefined where the tests choose themselves. */
export function providersOf(file: string): readonly (string | undefined)[] {
  if (!file.startsWith("test/unit/")) return [undefined];
  return ONE_PROVIDER.test(file) ? PROVIDERS.slice(0, 1) : PROVIDERS;
}

/** Returns why `npm test` leaves out the tests of `file` with `provider`; undefined when it runs them. */
export function reasonToLeaveOut(file: string, provider: string | undefined): string | undefined {
  if (file === `test/${KEPT}`) return undefined;
  const [, reason] = LEFT_OUT.find(([path]) => file.startsWith(`test/${path}`)) ?? [];
  if (reason !== undefined) return reason;
  const [first] = PROVIDERS;
  return provider === undefined || provider === first
    ? undefined
    : `unit tests with the provider ${provider}`;
}
