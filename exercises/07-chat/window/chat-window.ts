/** The window of a chat: keeps what a page shows, and tells all open pages of each change. */
import { z } from "zod";
import { encodeUtf8 } from "../../../lib/bytes/bytes.ts";
import { TEXT_LIMIT } from "../chat-record.ts";
import type { ChatPeer, Talk, View } from "../talk.ts";
import { PageServer } from "./page-server.ts";
import { safetyPhrase } from "./safety-phrase.ts";

/** How many entries, and how many bytes of text, a window remembers. */
const MAX_ENTRIES = 500;
const MAX_BYTES = 4 * 1024 * 1024;
/** Maximum number of texts that wait for room in the talk. */
const MAX_WAITING = 32;
/** How long changes are collected before pages receive them, in milliseconds. */
const BATCH_TIME = 30;

type Mark = "waiting" | "sent" | "delivered" | "failed";

/** A line of the page. */
interface Entry {
  id: number;
  from: "me" | "peer" | "note";
  name: string;
  text: string;
  /** Milliseconds since 1970. */
  time: number;
  mark?: Mark;
}

const FROM_PAGE = z.discriminatedUnion("type", [
  z.object({ type: z.literal("say"), text: z.string() }),
  z.object({ type: z.literal("typing"), isTyping: z.boolean() }),
  z.object({ type: z.literal("leave") }),
]);

export interface WindowOptions {
  person: string;
  fingerprint: string;
  /** Returns the current talk. */
  current: () => Talk;
  /** Called when the person wants to leave. */
  leave: () => void;
}

export class ChatWindow {
  readonly view: View;
  readonly #options: WindowOptions;
  readonly #entries: Entry[] = [];
  #bytes = 0;
  #forgotten = 0;
  #nextId = 1;
  #waiting = 0;
  readonly #byNumber = new Map<number, Entry>();
  readonly #changed = new Set<Entry>();
  #state: "alone" | "here" | "cut" | "left" | "lost" = "alone";
  #peer: ChatPeer | undefined;
  #phrase = "";
  #isTyping = false;
  #batch: NodeJS.Timeout | undefined;
  #server: PageServer | undefined;

  static async open(options: WindowOptions): Promise<ChatWindow> {
    const window = new ChatWindow(options);
    window.#server = await PageServer.open({
      greet: () => window.#describe([...window.#entries], true),
      take: (message) => window.#take(message),
    });
    return window;
  }

  private constructor(options: WindowOptions) {
    this.#options = options;
    this.view = {
      here: (peer, isBack) => {
        this.#byTalk("here", peer);
        this.#note(`${peer.name} is ${isBack ? "back" : "here"}`);
      },
      text: (peer, text) => {
        this.#isTyping = false;
        this.#add({ from: "peer", name: peer.name, text });
      },
      typing: (isTyping) => {
        this.#isTyping = isTyping;
        this.#change();
      },
      delivered: (number) => this.#mark(number, "delivered"),
      failed: (number) => this.#mark(number, "failed"),
      cut: (peer, reason) => {
        this.#byTalk("cut", peer);
        this.#note(`The connection to ${peer.name} is cut: ${reason}. Waiting for it.`);
      },
      over: (peer, how) => {
        this.#byTalk(how, peer);
        this.#byNumber.clear();
        this.#note(how === "left" ? `${peer.name} has left` : `${peer.name} did not come back`);
      },
    };
  }

  /** The address to open, with the token. */
  get url(): string {
    return this.#server?.url ?? "";
  }

  /** Shows an event that is none of a talk. */
  report(line: string): void {
    this.#note(line);
  }

  /** Tells all pages that the program ends, and why, if there is a reason. */
  async close(reason?: string): Promise<void> {
    if (reason !== undefined) this.#note(reason);
    clearTimeout(this.#batch);
    this.#flush();
    await this.#server?.close();
  }

  #take(message: unknown): void {
    const { success, data } = FROM_PAGE.safeParse(message);
    if (!success) return;
    if (data.type === "leave") this.#options.leave();
    else if (data.type === "typing") this.#options.current().typing(data.isTyping);
    else void this.#say(data.text);
  }

  async #say(text: string): Promise<void> {
    const talk = this.#options.current();
    const { length } = encodeUtf8(text);
    if (length > TEXT_LIMIT)
      return this.#note(`Not sent: a text has at most ${TEXT_LIMIT} bytes, this has ${length}`);
    if (!talk.peer) return this.#note("Not sent: no one is here");
    if (this.#waiting >= MAX_WAITING) return this.#note("Not sent: too many texts wait");
    this.#waiting += 1;
    const entry = this.#add({ from: "me", name: this.#options.person, text, mark: "waiting" });
    try {
      const number = await talk.say(text);
      entry.mark = "sent";
      this.#byNumber.set(number, entry);
    } catch {
      entry.mark = "failed";
    }
    this.#waiting -= 1;
    this.#changed.add(entry);
    this.#change();
  }

  #byTalk(state: "here" | "cut" | "left" | "lost", peer: ChatPeer): void {
    this.#isTyping = false;
    this.#state = state;
    const isOther = this.#peer?.fingerprint !== peer.fingerprint;
    this.#peer = peer;
    if (isOther) void this.#computePhrase(peer);
  }

  async #computePhrase(peer: ChatPeer): Promise<void> {
    this.#phrase = "";
    const phrase = await safetyPhrase(this.#options.fingerprint, peer.fingerprint);
    // the peer may be another by now
    if (this.#peer?.fingerprint !== peer.fingerprint) return;
    this.#phrase = phrase;
    this.#change();
  }

  #note(text: string): void {
    this.#add({ from: "note", name: "", text });
  }

  #add(entry: Omit<Entry, "id" | "time">): Entry {
    const added = { ...entry, id: this.#nextId, time: Date.now() };
    this.#nextId += 1;
    this.#entries.push(added);
    this.#bytes += added.text.length;
    while (this.#entries.length > MAX_ENTRIES || (this.#bytes > MAX_BYTES && this.#entries.length > 1)) {
      const oldest = this.#entries.shift();
      if (!oldest) break;
      this.#bytes -= oldest.text.length;
      this.#changed.delete(oldest);
      this.#forgotten += 1;
    }
    this.#changed.add(added);
    this.#change();
    return added;
  }

  #mark(number: number, mark: Mark): void {
    const entry = this.#byNumber.get(number);
    if (!entry) return;
    entry.mark = mark;
    this.#byNumber.delete(number);
    this.#changed.add(entry);
    this.#change();
  }

  #change(): void {
    this.#batch ??= setTimeout(() => this.#flush(), BATCH_TIME);
  }

  /** Tells the pages what has changed, however much that was, at once. */
  #flush(): void {
    this.#batch = undefined;
    this.#server?.broadcast(this.#describe([...this.#changed], false));
    this.#changed.clear();
  }

  #describe(entries: Entry[], isWhole: boolean) {
    const { person, fingerprint } = this.#options;
    return {
      ...{ isWhole, entries, forgotten: this.#forgotten, keep: MAX_ENTRIES, limit: TEXT_LIMIT },
      me: { name: person, fingerprint },
      ...{ state: this.#state, peer: this.#peer, phrase: this.#phrase, isTyping: this.#isTyping },
    };
  }
}
