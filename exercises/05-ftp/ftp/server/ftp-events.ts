/** The events of the FTP server's log (lib/files/event-log.ts). */
import type { LogEvent, LogFormat } from "../../../../lib/files/event-log.ts";

export type EventName =
  | "started"
  | "stopped"
  | "users changed"
  | "turned away"
  | "connected"
  | "disconnected"
  | "encrypted"
  | "not encrypted"
  | "client"
  | "login"
  | "login refused"
  | "listed"
  | "downloaded"
  | "uploaded"
  | "transfer failed"
  | "removed"
  | "renamed"
  | "folder made"
  | "folder removed"
  | "mode set"
  | "time set";

export interface FtpEvent extends LogEvent {
  event: EventName;
  /** The number of the session in this process. */
  session?: number | undefined;
  /** HOST:PORT of the client. */
  address?: string | undefined;
  /** The mechanism and its parameters. */
  mechanism?: string | undefined;
  /** The client's name for itself (CLNT). */
  client?: string | undefined;
  /** As the client sees it. */
  path?: string | undefined;
  /** The new path, of a rename. */
  to?: string | undefined;
  /** The new mode, in octal. */
  mode?: string | undefined;
  /** The offset in the file at which a transfer started. */
  offset?: number | undefined;
  /** Bytes of the file that were transferred. */
  bytes?: number | undefined;
  /** The duration. */
  seconds?: number | undefined;
}

export const FTP_EVENTS: LogFormat<FtpEvent> = {
  members: [
    "session",
    "address",
    "user",
    "event",
    "mechanism",
    "client",
    "path",
    "to",
    "mode",
    "offset",
    "bytes",
    "seconds",
    "outcome",
  ],
  unproved: ["login refused"],
};
