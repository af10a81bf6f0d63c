/** What an eavesdropper has of an exchange: its bytes, and the files that both sides share. */
import { type Capture, captureOf } from "../crack/capture/capture.ts";
import type { Outcome } from "../model/outcome.ts";

/** An exchange as an eavesdropper sees it: its own events, and those of its session. */
export type Overheard = Pick<Outcome, "events"> & { session: Pick<Outcome["session"], "events"> };

/** Returns the capture of an exchange. A server may write a shared file before it listens. */
export function capturedIn({ session, events }: Overheard): Capture {
  const [first] = events;
  const before = first ? session.events.slice(0, session.events.indexOf(first)) : session.events;
  return captureOf([...before.filter(({ type }) => type === "file"), ...events]);
}
