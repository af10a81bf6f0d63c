/** Ctrl-C, and the signal of a class's grader. */
import process from "node:process";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Calls `handle` at each of these signals; returns a function that ends that. */
export function onInterruption(handle: () => void): () => void {
  for (const signal of SIGNALS) process.on(signal, handle);
  return () => {
    for (const signal of SIGNALS) process.off(signal, handle);
  };
}
