/** `--trace`: each step of the protocol on stderr, with the time that it took. Never given a secret. */
let last: number | undefined;

/** Turns tracing on; the first step is timed from here. */
export function startTrace(): void {
  last = performance.now();
}

/** With `--trace`, prints `step` and the milliseconds since the step before. */
export function trace(step: string): void {
  if (last === undefined) return;
  const now = performance.now();
  console.error(`[${(now - last).toFixed(1).padStart(7)} ms] ${step}`);
  last = now;
}
