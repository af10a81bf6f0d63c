/**
 * The stage for which an exchange is run. It follows the calls of asynchronous functions, so that
 * nothing in between has to pass it on.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Stage } from "../model/stage.ts";

const current = new AsyncLocalStorage<Stage>();
const OUTSIDE: Stage = { name: "between the checks", check: undefined };

/** Returns the stage that this code runs in. */
export function currentStage(): Stage {
  return current.getStore() ?? OUTSIDE;
}

/** Runs `task` for the check `check`. */
export function forCheck<T>(check: string, task: () => Promise<T>): Promise<T> {
  return current.run({ name: check, check }, task);
}

/** Runs `task`, whose result several checks share. */
export function sharedStage<T>(name: string, task: () => Promise<T>): Promise<T> {
  return current.run({ name, check: currentStage().check }, task);
}

/** Says how far the present stage has come. */
export function noteProgress(done: number, total: number): void {
  const stage = current.getStore();
  if (stage !== undefined) stage.progress = { done, total };
}
