/** The events of the server's log (lib/files/event-log.ts). */
import type { LogEvent, LogFormat } from "../../lib/files/event-log.ts";

/** Bytes at which a log file is rotated. */
export const ROTATE_AT = 16 * 1024 * 1024;

export interface LoginEvent extends LogEvent {
  event:
    | "started"
    | "stopped"
    | "journal cut"
    | "users changed"
    | "refused"
    | "login"
    | "login refused"
    | "end";
  /** HOST:PORT of the client. */
  address?: string | undefined;
  /** The fingerprint of the client's key. */
  key?: string | undefined;
  role?: string | undefined;
  /** Messages of the client that were stored. */
  messages?: number | undefined;
  /** The duration. */
  seconds?: number | undefined;
}

export const LOGIN_EVENTS: LogFormat<LoginEvent> = {
  members: ["address", "key", "user", "event", "role", "messages", "seconds", "outcome"],
  unproved: ["login refused"],
};
