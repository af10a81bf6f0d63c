/**
 * Serves the page of a window on loopback, and connects it with this process by WebSocket.
 *
 * The page is public. What is said goes only to a page that shows the token of this process, which
 * is in the fragment of the address: browsers do not send that. No cookies, because ports share
 * them. Other hosts and origins are refused, so neither a foreign page nor a name that was rebound
 * to this machine gets in.
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import { withDeadline } from "../../../lib/async/deadline.ts";
import { encodeUtf8, equal, toBase64Url } from "../../../lib/bytes/bytes.ts";
import { randomBytes } from "../../../lib/crypto/webcrypto.ts";

/** Maximum length of a message from a page: a text of which each byte is escaped. */
const MESSAGE_LIMIT = 2 * 1024 * 1024;
/** Maximum number of pages, and of connections that have not shown the token. */
const MAX_PAGES = 8;
/** Seconds in which a page must show the token. */
const TOKEN_TIMEOUT = 5;
/** A page that reads so little that this much waits for it is disconnected; it may come back. */
const MAX_BUFFERED = 8 * 1024 * 1024;
const TOKEN_LENGTH = 32;
const HOST = "127.0.0.1";

const CLOSE_TIMEOUT = 1;

/** Close codes of the WebSocket (RFC 6455 §7.4), the last two of our own. */
const GOING_AWAY = 1001;
const NO_TOKEN = 4401;
const TOO_SLOW = 4408;

const FILES: Record<string, { file: string; type: string }> = {
  "/": { file: "page/index.html", type: "text/html; charset=utf-8" },
  "/style.css": { file: "page/style.css", type: "text/css; charset=utf-8" },
  "/chat.js": { file: "page/chat.js", type: "text/javascript; charset=utf-8" },
};

/** What the server does with a page. */
export interface PageHandlers {
  /** Returns the first message for a page that has shown the token. */
  greet: () => unknown;
  /** Called with each later message of a page, parsed from JSON but not checked. */
  take: (message: unknown) => void;
}

export class PageServer {
  /** The address to open, with the token. */
  readonly url: string;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #pages = new Set<WebSocket>();
  /** Connections that have not shown the token; the oldest gives way to a new one. */
  readonly #strangers = new Set<WebSocket>();

  /** Listens on a free port of 127.0.0.1. */
  static async open(handlers: PageHandlers): Promise<PageServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
    return new PageServer(server, handlers);
  }

  private constructor(server: Server, { greet, take }: PageHandlers) {
    const bound = server.address();
    const host = `${HOST}:${typeof bound === "object" && bound ? bound.port : 0}`;
    const token = toBase64Url(randomBytes(TOKEN_LENGTH));
    this.url = `http://${host}/#${token}`;
    this.#server = server;
    this.#sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_LIMIT });
    const policy = policyFor(host);
    server.on("request", (request, response) => serveFile(request, response, { host, policy }));
    server.on("upgrade", (request, socket, head) => {
      const isOurs = request.headers.host === host && request.headers.origin === `http://${host}`;
      if (!isOurs || request.url !== "/talk" || this.#pages.size >= MAX_PAGES) {
        socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (page) =>
        this.#welcome(page, token, { greet, take }),
      );
    });
  }

  /** Sends `message`, as JSON, to all pages. */
  broadcast(message: unknown): void {
    const text = JSON.stringify(message);
    for (const page of this.#pages) {
      if (page.bufferedAmount > MAX_BUFFERED) page.close(TOO_SLOW, "the page is too slow");
      else page.send(text);
    }
  }

  /** Stops listening, and closes the connections of all pages, for at most a second. */
  async close(): Promise<void> {
    const pages = [...this.#sockets.clients];
    const closed = pages.map((page) => new Promise((resolve) => page.once("close", resolve)));
    for (const page of pages) page.close(GOING_AWAY, "the program has ended");
    this.#server.close();
    await withDeadline(Promise.all(closed), CLOSE_TIMEOUT, () => {
      for (const page of pages) page.terminate();
    });
  }

  #welcome(page: WebSocket, token: string, { greet, take }: PageHandlers): void {
    const [oldest] = this.#strangers;
    if (oldest && this.#strangers.size >= MAX_PAGES) {
      this.#strangers.delete(oldest);
      oldest.terminate();
    }
    this.#strangers.add(page);
    const timer = setTimeout(() => page.close(NO_TOKEN, "no token"), TOKEN_TIMEOUT * 1000);
    page.on("error", () => {});
    page.on("close", () => {
      clearTimeout(timer);
      this.#pages.delete(page);
      this.#strangers.delete(page);
    });
    page.on("message", (data, isBinary) => {
      const message = isBinary ? undefined : parse(String(data));
      if (this.#pages.has(page)) return take(message);
      clearTimeout(timer);
      if (!isToken(message, token)) return page.close(NO_TOKEN, "not the token of this program");
      this.#strangers.delete(page);
      this.#pages.add(page);
      page.send(JSON.stringify(greet()));
    });
  }
}

function policyFor(host: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `connect-src ws://${host}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join("; ");
}

function serveFile(
  { method, url = "", headers }: IncomingMessage,
  response: ServerResponse,
  { host, policy }: { host: string; policy: string },
): void {
  const page = Object.hasOwn(FILES, url) ? FILES[url] : undefined;
  const status = headers.host !== host ? 421 : method !== "GET" ? 405 : page ? 200 : 404;
  response.writeHead(status, {
    "Content-Type": status === 200 && page ? page.type : "text/plain",
    "Content-Security-Policy": policy,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
  });
  response.end(status === 200 && page ? readFileSync(new URL(page.file, import.meta.url)) : "");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isToken(message: unknown, token: string): boolean {
  const isRecord = typeof message === "object" && message !== null && "token" in message;
  return isRecord && typeof message.token === "string" && equal(encodeUtf8(message.token), encodeUtf8(token));
}
