/** Memory of large pieces, given back at once. */
import { MessageChannel } from "node:worker_threads";
import type { Bytes } from "./bytes.ts";

/** Bytes below which it costs more to give memory back than to leave it to the garbage collector. */
const SMALL = 16 * 1024;

// whatever is sent there is thrown away
const { port1: nowhere, port2 } = new MessageChannel();
nowhere.close();
port2.close();

/**
 * Gives the memory of `bytes` back, which nobody may use any more: they are empty from now on.
 *
 * The garbage collector would do so too, but lets dozens of megabytes come together first, and then goes through all of the
 * heap: with files of gigabytes that takes a third of the memory and a fifth of the time. An array that has its memory together
 * with others is left to it, and so is a small one.
 */
export function release(bytes: Bytes): void {
  // what is handed over with a message is no longer ours (HTML §2.7.5)
  if (bytes.length >= SMALL && bytes.length === bytes.buffer.byteLength)
    nowhere.postMessage(undefined, [bytes.buffer]);
}
