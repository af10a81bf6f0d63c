/** Files that both sides share: a change on one side is copied to the other. */
import type { Bytes } from "../../../lib/bytes/bytes.ts";
import type { EventWithoutTime } from "../model/events.ts";
import type { Machine } from "../sandbox/machine.ts";
import type { Attachment } from "./mirrored-ports.ts";

export class SharedFiles {
  readonly #names: string[];
  readonly #record: (event: EventWithoutTime) => void;
  /** The present contents, for clients that join later. */
  readonly #contents = new Map<string, Bytes>();

  constructor(names: string[], record: (event: EventWithoutTime) => void) {
    this.#names = names;
    this.#record = record;
  }

  async copyTo(machine: Machine): Promise<void> {
    for (const [name, bytes] of this.#contents) await machine.writeFile(name, bytes);
  }

  /** Copies the files that changed: the server's to each client, and a client's to the server. */
  async update(server: Attachment, clients: ReadonlySet<Attachment>): Promise<void> {
    for (const name of this.#names) {
      for (const from of [server, ...clients]) {
        const bytes = await from.machine.readFile(name);
        if (!bytes) continue;
        this.#record({ type: "file", side: from.side, name, bytes });
        this.#contents.set(name, bytes);
        const others = from === server ? clients : [server];
        for (const to of others) await to.machine.writeFile(name, bytes);
      }
    }
  }
}
