/**
 * An exchange as a picture: client, wire and server from left to right, time from top to bottom.
 */
import type { AttackKind } from "../model/attack.ts";
import type { Side } from "../model/direction.ts";
import type {
  ConnectEntry,
  DiagramEntry,
  EndEntry,
  FrameEntry,
  PrintedEntry,
  SequenceDiagram,
} from "../model/report.ts";
import { DEEDS, describeEntry, elide, type Gap, outputVerb } from "./diagram-entries.ts";
import { type Markup, markup } from "./markup.ts";
import { widthOf, wrap } from "./text-width.ts";
import { counted, oneLine, outputLines, shorten } from "./visible.ts";

const WIDTH = 880;
const LIFELINES: Record<Side, number> = { client: 100, server: 840 };
const WIRE = 470;
const EDGES = { left: 68, right: 872 };
const TOP = 48;
const LINE = 16;
const CHARACTER = 7.3;
/** A box may reach a little beyond the wire. */
const BOX_CHARACTERS = 56;
const DETAIL_CHARACTERS = 84;
/** More would reach beyond the wire. */
const EXCERPT_BYTES = 16;
const LIMITS = { characters: 700, lines: 10 };
const DETAIL_LIMIT = 400;

/** Characters that the fonts of every system have. */
const BADGES: Record<AttackKind, string> = {
  read: "●",
  flip: "≠",
  cut: "–",
  drop: "×",
  duplicate: "2",
  reorder: "↕",
  inject: "+",
  replay: "2",
  replace: "≠",
};

/** The picture of an entry that starts at `y`, and its height. */
interface Drawing {
  height: number;
  draw(y: number): Markup;
}

/**
 * Returns `diagram` as SVG for a page.
 *
 * @param id unique on the page, of letters, digits and hyphens
 */
export function drawDiagram(diagram: SequenceDiagram, id: string): Markup {
  const several = diagram.entries.some((entry) => entry.type === "frame" && entry.connection > 1);
  let y = TOP;
  const entries = elide(diagram.entries).map((entry) => {
    const { height, draw } = drawEntry(entry, several);
    const at = y;
    y += height;
    return markup`<g>${entry.type !== "gap" && markup`<text class="time" x="56" y="${at + 24}" text-anchor="end">${entry.at.toFixed(3)} s</text>`}${draw(at)}</g>
`;
  });
  const bottom = y + 6;
  return markup`<svg class="diagram" viewBox="0 0 ${WIDTH} ${bottom + 10}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${oneLine(diagram.title)}</title>
<desc id="${id}-desc">Steps between client and server in order of time; the text below the picture lists them.</desc>
${(["client", "server"] as const).map((side) => markup`<line class="life" x1="${LIFELINES[side]}" y1="34" x2="${LIFELINES[side]}" y2="${bottom}"/>`)}
<line class="wire" x1="${WIRE}" y1="34" x2="${WIRE}" y2="${bottom}"/>
${head("client", LIFELINES.client, "head-box")}${head("wire", WIRE, "wire-box")}${head("server", LIFELINES.server, "head-box")}
${entries}</svg>`;
}

function head(name: string, x: number, kind: string): Markup {
  return markup`<rect class="${kind}" x="${x - 34}" y="12" width="68" height="24" rx="12"/><text class="head" x="${x}" y="28.5" text-anchor="middle">${name}</text>`;
}

function drawEntry(entry: DiagramEntry | Gap, several: boolean): Drawing {
  switch (entry.type) {
    case "connect":
      return drawConnect(entry);
    case "frame":
      return drawFrame(entry, several);
    case "end":
    case "reset":
      return drawEnd(entry, several);
    case "printed":
      return drawPrinted(entry);
    case "exit":
      return drawBox(entry.side, [], `${entry.side} ${oneLine(shorten(entry.ending, DETAIL_LIMIT))}`, false);
    case "note":
      return drawNote(entry.text);
    case "gap":
      return drawGap(entry);
  }
}

function drawConnect({ connection, port, played }: ConnectEntry): Drawing {
  const [from, to] =
    played === undefined
      ? [LIFELINES.client, LIFELINES.server]
      : played === "server"
        ? [LIFELINES.client, WIRE]
        : [WIRE, LIFELINES.server];
  const label =
    played === undefined
      ? `connects to port ${port}`
      : `connects to port ${port}; the grader plays the ${played}`;
  return {
    height: 36,
    draw: (y) =>
      markup`${arrow(from, to, y + 24, "thin")}<text class="said small" x="${from + 12}" y="${y + 18}">${label} (connection ${connection})</text>`,
  };
}

function drawEnd({ type, direction, connection }: EndEntry, several: boolean): Drawing {
  const { from, to, anchor, label } = ends(direction);
  const text = `${type === "end" ? "ends its half of the stream" : "resets the connection ×"}${several ? ` (connection ${connection})` : ""}`;
  return {
    height: 36,
    draw: (y) =>
      markup`${arrow(from, to, y + 24, "thin")}<text class="said small" x="${label}" y="${y + 18}" text-anchor="${anchor}">${text}</text>`,
  };
}

function drawFrame(entry: FrameEntry, several: boolean): Drawing {
  const { attack } = entry;
  const isOurs = attack?.kind === "inject" || attack?.kind === "replay";
  const { from, to, anchor, label } = ends(entry.direction, isOurs);
  const size = `${counted(entry.length, "byte")}${several ? ` · connection ${entry.connection}` : ""}`;
  const where = attack?.offset === undefined ? "" : ` at byte ${attack.offset}`;
  const deed = attack && ` · ${DEEDS[attack.kind].toUpperCase()}${where}`;
  const details = attack ? textLines(shorten(attack.detail, DETAIL_LIMIT), DETAIL_CHARACTERS) : [];
  return {
    height: 50 + details.length * LINE,
    draw: (
      y,
    ) => markup`${attack ? attackedArrow(attack.kind, from, to, y + 24) : arrow(from, to, y + 24, "arrow")}
<text class="said" x="${label}" y="${y + 17}" text-anchor="${anchor}">${size}${deed !== undefined && markup`<tspan class="hit-text">${deed}</tspan>`}</text>
<text class="small" x="${label}" y="${y + 41}" text-anchor="${anchor}">${excerpt(entry)}</text>
${details.map((line, index) => markup`<text class="hit-text" x="${label}" y="${y + 41 + (index + 1) * LINE}" text-anchor="${anchor}">${line}</text>`)}`,
  };
}

/** Returns the ends of an arrow in `direction`, and the place of its label: beside its start. */
function ends(direction: FrameEntry["direction"], isFromWire = false) {
  const { client, server } = LIFELINES;
  return direction === "client to server"
    ? { from: client, to: server, anchor: "start", label: isFromWire ? WIRE + 20 : client + 14 }
    : { from: server, to: client, anchor: "end", label: isFromWire ? WIRE - 20 : server - 14 };
}

/**
 * Returns as many bytes of the excerpt as there is room for, around the attacked one if it is
 * known.
 */
function excerpt({ excerpt: hex, excerptAt = 0, length, attack }: FrameEntry): Markup {
  const bytes = hex.match(/../g) ?? [];
  const hit = attack?.offset === undefined ? undefined : attack.offset - excerptAt;
  const isFar = hit !== undefined && hit >= EXCERPT_BYTES && hit < bytes.length;
  const start = isFar ? Math.min(hit - EXCERPT_BYTES / 2, bytes.length - EXCERPT_BYTES) : 0;
  const shown = bytes.slice(start, start + EXCERPT_BYTES);
  const before = excerptAt + start > 0 ? "… " : "";
  const after = excerptAt + start + shown.length < length ? " …" : "";
  return markup`${before}${shown.map((byte, index) => {
    const space = index === 0 ? "" : " ";
    return start + index === hit
      ? markup`${space}<tspan class="hit-byte">${byte}</tspan>`
      : `${space}${byte}`;
  })}${after}`;
}

/**
 * Draws the path of a frame: to the wire as it was sent, and from there as the grader forwarded it.
 */
function attackedArrow(kind: AttackKind, from: number, to: number, y: number): Markup {
  const first = (style: string) =>
    markup`<line class="${style}" x1="${from}" y1="${y}" x2="${WIRE}" y2="${y}"/>`;
  const badge = markup`<circle class="badge" cx="${WIRE}" cy="${y}" r="11"/><text class="badge-text" x="${WIRE}" y="${y + 5}" text-anchor="middle">${BADGES[kind]}</text>`;
  switch (kind) {
    case "read":
      return markup`${first("hit")}${arrow(WIRE, to, y, "hit")}${badge}`;
    case "drop":
      return markup`${first("hit")}${badge}`;
    case "inject":
    case "replay":
      return markup`${arrow(WIRE, to, y, "hit")}${badge}`;
    case "duplicate":
      return markup`${first("arrow")}${arrow(WIRE, to, y - 4, "hit")}${arrow(WIRE, to, y + 5, "hit")}${badge}`;
    default:
      return markup`${first("arrow")}${arrow(WIRE, to, y, "hit")}${badge}`;
  }
}

function arrow(from: number, to: number, y: number, kind: "arrow" | "thin" | "hit"): Markup {
  const size = kind === "hit" ? 11 : 8;
  const back = to > from ? to - size : to + size;
  const tip = kind === "arrow" ? "tip" : `${kind}-tip`;
  return markup`<line class="${kind}" x1="${from}" y1="${y}" x2="${back}" y2="${y}"/><path class="${tip}" d="M${to} ${y}L${back} ${y - size / 2}V${y + size / 2}z"/>`;
}

function drawPrinted({ side, stream, text, bad }: PrintedEntry): Drawing {
  const lines = outputLines(text, LIMITS).flatMap((line) => wrap(line, BOX_CHARACTERS));
  return drawBox(side, lines, `${bad ? "✗ " : ""}${side} ${outputVerb(stream)}`, bad === true);
}

/** Draws a box at the lifeline of `side`, with a title and lines. */
function drawBox(side: Side, lines: readonly string[], title: string, isBad: boolean): Drawing {
  const titles = textLines(title, BOX_CHARACTERS);
  const longest = Math.max(...[...titles, ...lines].map(widthOf));
  const width = Math.max(96, longest * CHARACTER + 20);
  const height = (titles.length + lines.length) * LINE + 10;
  const x = side === "client" ? EDGES.left : EDGES.right - width;
  const line = (text: string, index: number, kind: string, y: number) =>
    markup`<text class="${kind}" x="${x + 10}" y="${y + 4 + (index + 1) * LINE}">${text}</text>`;
  return {
    height: height + 12,
    draw: (
      y,
    ) => markup`<rect class="${isBad ? "bad-box" : "box"}" x="${x}" y="${y + 4}" width="${width.toFixed(1)}" height="${height}" rx="5"/>
${titles.map((text, index) => line(text, index, isBad ? "bad-text" : "box-text small", y))}
${lines.map((text, index) => line(text, titles.length + index, isBad ? "bad-text" : "box-text", y))}`,
  };
}

function drawNote(text: string): Drawing {
  const lines = textLines(shorten(text, DETAIL_LIMIT), DETAIL_CHARACTERS);
  return {
    height: lines.length * LINE + 14,
    draw: (y) =>
      markup`${lines.map((line, index) => markup`<text class="said note" x="${WIRE}" y="${y + 20 + index * LINE}" text-anchor="middle">${line}</text>`)}`,
  };
}

function drawGap(gap: Gap): Drawing {
  const text = describeEntry(gap);
  const half = (text.length * CHARACTER) / 2 + 8;
  const dots = (from: number, to: number, y: number) =>
    from < to && markup`<line class="dots" x1="${from}" y1="${y}" x2="${to.toFixed(1)}" y2="${y}"/>`;
  return {
    height: 40,
    draw: (y) =>
      markup`${dots(LIFELINES.client + 10, WIRE - half, y + 18)}${dots(WIRE + half, LIFELINES.server - 10, y + 18)}<text class="said note" x="${WIRE}" y="${y + 22}" text-anchor="middle">${text}</text>`,
  };
}

function textLines(text: string, width: number): string[] {
  return wrap(oneLine(text), width);
}
