/** What a person sees of a chat: a window in the browser, or the terminal. */
import type { Flag } from "../../lib/cli/flags.ts";
import { Reports } from "../../lib/cli/reports.ts";
import type { Identity } from "../../lib/crypto/identity.ts";
import type { Talk, View } from "./talk.ts";
import { sayLines, terminal } from "./terminal.ts";

export const UI_FLAGS: Record<string, Flag> = {
  "no-window": { help: "talk in the terminal: each line of standard input is a text" },
  open: { help: "open the window in the browser" },
};

export interface Ui {
  view: View;
  /** Shows why a client was dropped. */
  report: (line: string) => void;
  /** Lets the person speak; resolves at the end of standard input, and for a window never. */
  run: () => Promise<void>;
  /** Resolves when the person wants to leave. */
  left: Promise<void>;
  /** Ends it; a window shows the reason, if there is one. */
  close: (reason?: string) => Promise<void>;
}

export interface UiOptions {
  person: string;
  identity: Identity;
  /** Returns the current talk. */
  current: () => Talk;
}

/** Opens what `flags`, those of `UI_FLAGS`, choose; a window's address is printed. */
export async function openUi(flags: Partial<Record<string, string>>, options: UiOptions): Promise<Ui> {
  const never = new Promise<void>(() => {});
  if (flags["no-window"] !== undefined) {
    const reports = new Reports();
    return {
      view: terminal,
      report: (line) => reports.add("dropped clients", line),
      run: () => sayLines(options.current),
      left: never,
      close: async () => reports.close(),
    };
  }
  // loaded only now: the terminal needs neither
  const { ChatWindow } = await import("./window/chat-window.ts");
  const { openBrowser } = await import("./window/open-browser.ts");
  let leave = () => {};
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const { person, identity, current } = options;
  const window = await ChatWindow.open({ person, fingerprint: identity.fingerprint, current, leave });
  console.error(`Window:     ${window.url}`);
  if (flags["open"] !== undefined) openBrowser(window.url);
  const reports = new Reports((line) => {
    console.error(line);
    window.report(line);
  });
  return {
    view: window.view,
    report: (line) => reports.add("dropped clients", line),
    run: () => never,
    left,
    close: async (reason) => {
      reports.close();
      await window.close(reason);
    },
  };
}
