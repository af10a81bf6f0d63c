/** A clock that stands still until a test lets time pass; sockets and files go on in real time. */
import { mock } from "node:test";

/**
 * Stops the clock of `setTimeout`, so that no time limit is reached on a slow machine.
 *
 * Call it before the test sets any timer: one that was set earlier cannot be cleared meanwhile.
 */
export function stopClock(): void {
  mock.timers.enable({ apis: ["setTimeout"] });
}

/** Lets `seconds` pass at once. */
export function passTime(seconds: number): void {
  mock.timers.tick(seconds * 1000);
}

/** Lets the clock run again. */
export function releaseClock(): void {
  mock.timers.reset();
}
