/** The look of all pages. */

export const STYLESHEET = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --panel: #f5f6f8; --ink: #1b1f26; --muted: #555d69; --line: #d5dae1;
  --accent: #1f56b3; --good: #17682f; --bad: #b3201a; --bad-paper: #fdecea; --warn: #7d5200; --odd: #7a2a8a;
  --mono: ui-monospace, "SF Mono", "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171c; --panel: #1d2128; --ink: #e6e9ee; --muted: #a5adb9; --line: #363d48;
    --accent: #8ab4f8; --good: #81d596; --bad: #ff938a; --bad-paper: #3a1c1b; --warn: #f0c36a; --odd: #dfa5ee;
  }
}
* { box-sizing: border-box; }
html { background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", "DejaVu Sans", sans-serif; }
body { max-width: 62rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; overflow-wrap: anywhere; }
h1, h2, h3 { line-height: 1.25; margin: 0; text-wrap: balance; }
h1 { font-size: 1.9rem; letter-spacing: -0.01em; }
h2 { font-size: 1.35rem; margin-top: 3rem; padding-bottom: .4rem; border-bottom: 2px solid var(--line); display: flex; gap: .75rem; justify-content: space-between; align-items: baseline; flex-wrap: wrap; }
h3 { font-size: 1.1rem; }
h4 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
p { margin: .5rem 0; }
a { color: var(--accent); text-underline-offset: .15em; }
a:focus-visible, summary:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
code, pre, .mono { font-family: var(--mono); font-size: .875em; }
.id { font-family: var(--mono); font-size: .85em; color: var(--muted); font-weight: 400; }
.muted, .aside { color: var(--muted); }
.aside { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.eyebrow { text-transform: uppercase; letter-spacing: .08em; font-size: .75rem; color: var(--muted); margin: 0; }

.score { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; margin: 1rem 0 .25rem; }
.score .ratio { font-size: 3rem; font-weight: 700; line-height: 1.1; font-variant-numeric: tabular-nums; letter-spacing: -0.02em; }
.score .of { font-size: 1.5rem; font-weight: 400; color: var(--muted); }
.verdict-line { font-size: 1.1rem; margin: .75rem 0 0; }
.bar { display: block; width: 100%; height: .5rem; border-radius: .25rem; }
.bar .empty { fill: var(--line); } .bar .full { fill: var(--accent); }
.meta { display: flex; flex-wrap: wrap; gap: .1rem 1.5rem; margin: 1rem 0 0; padding: 0; list-style: none; font-size: .9rem; color: var(--muted); }
.banner { border-inline-start: 4px solid var(--warn); background: var(--panel); padding: .6rem .9rem; margin: 1rem 0; border-radius: 0 .4rem .4rem 0; }
.banner.error { border-color: var(--odd); }

.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: start; color: var(--muted); font-size: .9rem; padding-bottom: .4rem; }
th, td { text-align: start; vertical-align: baseline; padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
thead th { font-size: .8rem; color: var(--muted); font-weight: 500; white-space: nowrap; }
tbody th { font-weight: 500; overflow-wrap: break-word; }
.shared td { color: var(--muted); font-size: .9rem; padding-block: .2rem; border-bottom: 0; }
tfoot th, tfoot td { border-bottom: 0; font-weight: 700; }
.number { text-align: end; white-space: nowrap; }
td:last-child, th:last-child { padding-inline-end: 0; }
td.grow { min-width: 6rem; }
td.said { overflow-wrap: break-word; }
@media (max-width: 36rem) { .grow { display: none; } td .verdict { white-space: normal; } }
.reason { display: block; color: var(--muted); font-size: .9rem; font-weight: 400; }
.verdict { white-space: nowrap; font-weight: 600; overflow-wrap: normal; }
.mark { display: inline-block; width: 1.1em; text-align: center; font-weight: 700; }
.pass { color: var(--good); } .fail { color: var(--bad); } .unshown { color: var(--warn); } .without { color: var(--muted); } .error { color: var(--odd); }
.banner.error { color: inherit; }
.counts { white-space: nowrap; }
.counts > span { white-space: nowrap; margin-inline-end: .6rem; }

.finding { border: 1px solid var(--line); border-inline-start: 4px solid var(--bad); border-radius: .5rem; margin: 1.25rem 0; background: var(--paper); }
.finding > summary { cursor: pointer; padding: .8rem 1rem; display: flex; gap: .25rem 1rem; flex-wrap: wrap; justify-content: space-between; align-items: baseline; list-style: none; }
.finding > summary::-webkit-details-marker { display: none; }
.finding > summary h3::before { content: "▸"; display: inline-block; width: 1.1em; color: var(--muted); }
.finding[open] > summary h3::before { content: "▾"; }
.finding .inside { padding: 0 1rem 1rem; }
dl.said { display: grid; grid-template-columns: minmax(6rem, max-content) 1fr; gap: .4rem 1rem; margin: 0; }
dl.said dt { color: var(--muted); font-size: .9rem; padding-top: .08rem; }
dl.said dd { margin: 0; white-space: pre-line; }
dl.said dd.happened { color: var(--bad); font-weight: 600; }
.evidence { margin: 1.5rem 0 0; }
.evidence figcaption:not(.muted) { font-weight: 600; }
.evidence figcaption { margin-bottom: .5rem; }
pre { margin: .5rem 0; padding: .7rem .9rem; background: var(--panel); border-radius: .4rem; overflow-x: auto; line-height: 1.45; }
pre.quote { white-space: pre-wrap; border-inline-start: 3px solid var(--bad); }
pre.again { white-space: pre-wrap; }
pre mark { background: var(--bad-paper); color: var(--bad); font-weight: 700; text-decoration: underline 2px; text-underline-offset: .2em; }
details.text { margin-top: .25rem; font-size: .9rem; } details.text > summary { cursor: pointer; color: var(--muted); }
@media (max-width: 36rem) { dl.said { grid-template-columns: 1fr; gap: 0; } dl.said dd { margin-bottom: .6rem; } }

.diagram { display: block; width: 100%; min-width: 43rem; max-width: 55rem; height: auto; font: 12px var(--mono); background: var(--panel); border-radius: .5rem; }
.diagram text { fill: var(--ink); paint-order: stroke; stroke: var(--panel); stroke-width: 5px; stroke-linejoin: round; white-space: pre; }
.diagram .head { font: 600 13px system-ui, "Liberation Sans", "DejaVu Sans", sans-serif; fill: var(--paper); stroke: none; }
.diagram .head-box { fill: var(--accent); } .diagram .wire-box { fill: var(--muted); }
.diagram .life { stroke: var(--muted); stroke-width: 2; } .diagram .wire { stroke: var(--muted); stroke-dasharray: 2 6; stroke-width: 1.5; }
.diagram .time, .diagram .small { fill: var(--muted); font-size: 11px; }
.diagram .said { font-family: system-ui, "Liberation Sans", "DejaVu Sans", sans-serif; font-size: 13px; }
.diagram .note { font-style: italic; fill: var(--muted); }
.diagram .arrow { stroke: var(--ink); stroke-width: 1.6; fill: none; } .diagram .tip { fill: var(--ink); }
.diagram .thin { stroke: var(--muted); stroke-dasharray: 5 4; stroke-width: 1.3; fill: none; } .diagram .thin-tip { fill: var(--muted); }
.diagram .hit { stroke: var(--bad); stroke-width: 3; fill: none; } .diagram .hit-tip { fill: var(--bad); }
.diagram .hit-text { fill: var(--bad); font-weight: 700; }
.diagram .hit-byte { fill: var(--bad); font-weight: 700; text-decoration: underline; }
.diagram .badge { fill: var(--bad); stroke: var(--panel); stroke-width: 3; } .diagram .badge-text { fill: var(--paper); stroke: none; font-weight: 700; font-size: 14px; }
.diagram .box { fill: var(--paper); stroke: var(--line); stroke-width: 1.2; } .diagram .box-text { stroke: none; }
.diagram .bad-box { fill: var(--bad-paper); stroke: var(--bad); stroke-width: 2; } .diagram .bad-text { fill: var(--bad); stroke: none; font-weight: 700; }
.diagram .dots { stroke: var(--muted); stroke-width: 1.5; stroke-dasharray: 1 5; stroke-linecap: round; }

.histogram { display: block; width: 100%; max-width: 38rem; height: auto; font: 12px system-ui, "Liberation Sans", "DejaVu Sans", sans-serif; }
.histogram text { fill: var(--muted); } .histogram .count { fill: var(--ink); font-weight: 600; }
.histogram rect { fill: var(--accent); } .histogram line { stroke: var(--line); }
.matrix thead th { vertical-align: bottom; border: 0; } .matrix td, .matrix th { padding: .3rem .5rem .3rem 0; } .matrix .cell { text-align: center; padding-inline: .2rem; }
.matrix thead th.cell { vertical-align: bottom; text-align: center; writing-mode: vertical-rl; rotate: 180deg; padding: .4rem .2rem; border: 0; }
.matrix td.expected { background: var(--panel); } .matrix td.wrong { background: var(--bad-paper); }

@media print {
  @page { margin: 14mm; }
  :root { --paper: #fff; --panel: #f6f6f6; --ink: #000; --muted: #444; --line: #bbb; --accent: #1f56b3; --good: #17682f; --bad: #b3201a; --bad-paper: #fdecea; --warn: #7d5200; --odd: #7a2a8a; }
  html { font-size: 10.5pt; } body { max-width: none; padding: 0; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  details::details-content { content-visibility: visible; block-size: auto; }
  details.text { display: none; }
  h2, h3, .finding > summary, figcaption { break-after: avoid; } p.muted { break-after: avoid; } tr, .said, .diagram { break-inside: avoid; }
  .diagram { min-width: 0; max-width: none; } .scroll { overflow: visible; }
  .screen { display: none; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
`;
