/** The ports of an exchange in which the conversation moves to a second one. */
import type { Outcome } from "../../model/outcome.ts";
import { NotShown } from "../../model/verdict-errors.ts";

/** Returns the ports to which clients connected, in order, without repetition. */
export function clientPorts({ events }: Outcome): number[] {
  const ports = events.flatMap((event) =>
    event.type === "connect" && event.client !== undefined ? [event.port] : [],
  );
  return [...new Set(ports)];
}

/** @throws NotShown when the client stayed on the first port */
export function requireSecondPort(outcome: Outcome): void {
  if (clientPorts(outcome).length < 2) throw new NotShown("there is no second port");
}
