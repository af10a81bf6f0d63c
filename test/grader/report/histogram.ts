/** The distribution of a class's points, as a picture. */
import { type Markup, markup } from "./markup.ts";
import { counted } from "./visible.ts";

const BINS = 10;
const WIDTH = 600;
const HEIGHT = 180;
const BASE = 150;
const TOP = 24;

/** Returns the number of `shares`, each from 0 to 1, in each tenth; a share of 1 is in the last. */
export function countTenths(shares: readonly number[]): number[] {
  const counts = Array.from({ length: BINS }, () => 0);
  for (const share of shares) {
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor(share * BINS)));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

/** Draws `shares` of the maximum, each from 0 to 1, as SVG for a page. */
export function drawHistogram(shares: readonly number[]): Markup {
  const counts = countTenths(shares);
  const most = Math.max(1, ...counts);
  const step = WIDTH / BINS;
  const bars = counts.map((count, index) => {
    const height = ((BASE - TOP) * count) / most;
    const x = index * step + 4;
    return markup`${count > 0 && markup`<rect x="${x}" y="${(BASE - height).toFixed(1)}" width="${step - 8}" height="${height.toFixed(1)}" rx="3"/><text class="count" x="${x + step / 2 - 4}" y="${(BASE - height - 6).toFixed(1)}" text-anchor="middle">${count}</text>`}<text x="${x + step / 2 - 4}" y="${BASE + 18}" text-anchor="middle">${label(index)}</text>`;
  });
  const description = counts.map((count, index) => `${label(index)} %: ${count}`).join("; ");
  return markup`<svg class="histogram" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="histogram-title histogram-desc">
<title id="histogram-title">Shares of the points that ${counted(shares.length, "student")} reached, in per cent</title>
<desc id="histogram-desc">${description}</desc>
${bars}<line x1="0" y1="${BASE}" x2="${WIDTH}" y2="${BASE}"/></svg>`;
}

function label(index: number): string {
  return `${index * BINS}–${index === BINS - 1 ? 100 : index * BINS + 9}`;
}
