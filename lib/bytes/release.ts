/** Frees the memory of large arrays at once. */
import { MessageChannel } from "node:worker_threads";
import type { Bytes } from "./bytes.ts";

/** Below this many bytes, freeing costs more than leaving the array to the garbage collector. */
const SMALL = 16 * 1024;

// a closed port discards what is posted to it
const { port1: nowhere, port2 } = new MessageChannel();
nowhere.close();
port2.close();

/**
 * Frees the memory of `bytes`, which are empty afterwards.
 *
 * The garbage collector would do so too, but only after dozens of megabytes have accumulated, and
 * with a pass over the whole heap: for files of gigabytes this costs a third of the memory and a
 * fifth of the time. An array that shares its buffer with others is left to the collector, and so
 * is a small one.
 */
export function release(bytes: Bytes): void {
  // posting a message transfers the buffer (HTML §2.7.5)
  if (bytes.length >= SMALL && bytes.length === bytes.buffer.byteLength)
    nowhere.postMessage(undefined, [bytes.buffer]);
}
