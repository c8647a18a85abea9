/** The page's one style sheet: light, dark and print; system fonts only; series colours after Okabe and Ito (2008), darkened to be read as text. */

export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1b1d21; --soft: #5c636e; --rule: #d9dce1; --wash: #f5f6f8; --grid: #e8eaee; --note: #8a5a00;
  --c0: #0072b2; --c1: #c05000; --c2: #00805c; --c3: #a84e86; --c4: #966000; --c5: #1b7aa8; --c6: #6a6a00; --c7: #555b66;
  --serif: Charter, 'Bitstream Charter', 'Iowan Old Style', 'Source Serif 4', Georgia, Cambria, serif;
  --sans: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171b; --ink: #e7e9ed; --soft: #9aa2ae; --rule: #343941; --wash: #1d2025; --grid: #272b31; --note: #e0b050;
    --c0: #58b0e6; --c1: #f08a45; --c2: #3cc39a; --c3: #dd93c0; --c4: #e6ac3c; --c5: #86cdf0; --c6: #d0cc4c; --c7: #a9b0bb;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.55 var(--serif); }
main { max-width: 1120px; margin: 0 auto; padding: 44px 28px 64px; }
.eyebrow { margin: 0 0 6px; color: var(--soft); font: 600 12px/1.4 var(--sans); letter-spacing: .08em; text-transform: uppercase; }
h1 { margin: 0 0 12px; font-size: 34px; line-height: 1.18; font-weight: 600; text-wrap: balance; overflow-wrap: anywhere; }
.lead { max-width: 46em; margin: 0 0 26px; color: var(--soft); overflow-wrap: anywhere; }
h2 { margin: 52px 0 4px; padding-top: 14px; border-top: 1px solid var(--rule); font-size: 22px; line-height: 1.3; font-weight: 600; }
h3 { margin: 22px 0 6px; font: 600 14px/1.4 var(--sans); }
p { margin: 0 0 12px; max-width: 46em; }
.caption, figcaption { max-width: 60em; margin: 0 0 16px; color: var(--soft); font: 14px/1.5 var(--sans); }
.finding { margin: 0 0 8px; padding: 18px 22px; background: var(--wash); border-left: 4px solid var(--c0); }
.finding h2 { margin: 0 0 8px; padding: 0; border: 0; font-size: 23px; text-wrap: balance; }
.finding p { margin: 0 0 4px; }
.notice { margin: 16px 0; padding: 10px 16px; border-left: 4px solid var(--note); background: var(--wash); font: 15px/1.5 var(--sans); }
.notice ul { margin: 4px 0 0; padding-left: 20px; overflow-wrap: anywhere; }
.s0 { --c: var(--c0); } .s1 { --c: var(--c1); } .s2 { --c: var(--c2); } .s3 { --c: var(--c3); }
.s4 { --c: var(--c4); } .s5 { --c: var(--c5); } .s6 { --c: var(--c6); } .s7 { --c: var(--c7); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 22px; margin: 0 0 14px; padding: 0; list-style: none; font: 14px/1.5 var(--sans); }
.legend li { display: flex; align-items: baseline; gap: 7px; overflow-wrap: anywhere; }
.legend svg { flex: none; width: 30px; height: 10px; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(310px, 1fr)); gap: 18px 26px; }
.ridges { display: grid; grid-template-columns: repeat(auto-fill, minmax(400px, 1fr)); gap: 20px 34px; }
.ridges svg { max-width: 560px; }
figure { margin: 0; break-inside: avoid; }
h3.group { margin: 30px 0 10px; font-size: 16px; } h3.group small { margin-left: 12px; color: var(--soft); font-size: 13px; font-weight: 400; }
figure h3, figure h4 { margin: 0; font: 600 14px/1.4 var(--sans); }
.finding figure + figure { margin-top: 14px; } .finding .legend { margin: 8px 0 0; }
@media (min-width: 900px) { .finding { display: grid; grid-template-columns: minmax(0, 1fr) 372px; gap: 32px; } }
figure .variant { margin: 0 0 2px; color: var(--soft); font: 12px/1.4 var(--sans); overflow-wrap: anywhere; }
svg.panel { display: block; width: 100%; height: auto; font-family: var(--sans); }
svg text { fill: var(--soft); font-size: 11px; font-variant-numeric: tabular-nums; }
svg .axis { font-size: 11px; }
svg .label { fill: var(--c); font-size: 12px; font-weight: 600; }
.grid { stroke: var(--grid); stroke-width: 1; }
.band { fill: var(--c); fill-opacity: .15; }
.seed { fill: none; stroke: var(--c); stroke-width: 1; stroke-opacity: .45; }
.mean { fill: none; stroke: var(--c); stroke-width: 2.2; stroke-linejoin: round; }
.spread { fill: var(--c); fill-opacity: .09; }
.level { stroke-dasharray: 7 5; }
.honest { fill: var(--c); fill-opacity: .07; stroke: var(--c); stroke-width: 1; stroke-opacity: .7; stroke-dasharray: 4 3; }
.theory { fill: none; stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 1.5 3.5; stroke-linecap: round; }
.verdict { font-weight: 600; white-space: nowrap; } .verdict.pass { color: var(--c2); } .verdict.fail { color: var(--c1); }
small.law { display: block; color: var(--soft); }
.turn { stroke: var(--soft); stroke-width: 1; }
.reference { fill: none; stroke: var(--soft); stroke-width: 1.3; stroke-dasharray: 4 3; }
.mark { fill: var(--c); stroke: var(--paper); stroke-width: 1; }
.ridge-back { fill: var(--paper); }
.ridge { fill: var(--c); stroke: var(--c); stroke-width: 1.3; stroke-linejoin: round; }
.ridge-first { fill: none; stroke: var(--ink); stroke-width: 1; stroke-opacity: .55; stroke-dasharray: 2 2; }
.ridge-base { stroke: var(--rule); }
.ridge-median { stroke: var(--ink); stroke-width: 2; }
.scroll { overflow-x: auto; margin: 0 0 12px; }
table { border-collapse: collapse; font: 14px/1.4 var(--sans); font-variant-numeric: tabular-nums lining-nums; }
th, td { padding: 5px 12px 5px 0; text-align: left; vertical-align: baseline; }
td.num + td:not(.num) { padding-left: 12px; }
thead th { border-bottom: 1.5px solid var(--ink); font-weight: 600; white-space: nowrap; }
tbody + tbody { border-top: 1px solid var(--rule); }
tbody:last-child { border-bottom: 1.5px solid var(--ink); }
tbody th { font-weight: 400; }
tbody th[scope=rowgroup] { padding-top: 10px; font-weight: 600; }
th[scope=rowgroup] small { margin-left: 10px; color: var(--soft); font-size: 12px; font-weight: 400; }
.num { padding: 5px 0 5px 14px; text-align: right; white-space: nowrap; }
.scroll th:first-child { position: sticky; left: 0; background: var(--paper); }
.key { color: var(--c); font-weight: 600; white-space: nowrap; }
.pm { display: block; color: var(--soft); font-size: 12px; }
.texts { width: 100%; margin-bottom: 14px; table-layout: fixed; }
.texts th:first-child { width: 3.2em; }
.texts td { padding: 10px 18px 10px 0; vertical-align: top; border-top: 1px solid var(--rule); }
.texts tbody th { padding-top: 10px; vertical-align: top; border-top: 1px solid var(--rule); color: var(--soft); }
.texts img { display: block; width: 100%; max-width: 420px; image-rendering: pixelated; }
.same { color: var(--soft); font: 12px/1.4 var(--sans); }
.text { margin: 0; font: 15px/1.5 var(--serif); white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; max-height: 20em; overflow: auto; contain: paint; }
blockquote.text { max-width: 46em; margin: 0 0 12px; padding: 2px 0 2px 16px; border-left: 3px solid var(--rule); font-style: italic; }
details { margin: 0 0 10px; }
summary { padding: 5px 0; cursor: pointer; font: 15px/1.4 var(--sans); overflow-wrap: anywhere; }
pre { margin: 0 0 12px; padding: 14px 18px; overflow-x: auto; background: var(--wash); font: 13px/1.5 var(--mono); }
code { font: 13px/1.4 var(--mono); overflow-wrap: anywhere; }
.digest { display: inline-block; max-width: 21ch; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; vertical-align: bottom; user-select: all; -webkit-user-select: all; }
.digest:hover, .whole { max-width: none; white-space: normal; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 20px; margin: 0 0 12px; font: 14px/1.5 var(--sans); }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 48px; padding-top: 12px; border-top: 1px solid var(--rule); color: var(--soft); font: 13px/1.5 var(--sans); }
@media (max-width: 620px) {
  body { font-size: 16px; }
  main { padding: 24px 16px 40px; }
  h1 { font-size: 26px; }
  h2 { margin-top: 38px; font-size: 20px; }
  .finding { padding: 14px 16px; } .finding h2 { font-size: 19px; }
  .panels, .ridges { grid-template-columns: 1fr; }
  .texts, .texts tbody, .texts tr, .texts td { display: block; width: auto; }
  .texts thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .texts tbody th:first-child { display: block; width: auto; padding-bottom: 0; font-weight: 600; }
  .texts tbody th::before { content: 'generation '; }
  .texts td { padding: 6px 0 8px; border: 0; }
  .texts td[data-label]::before { content: attr(data-label); display: block; color: var(--c); font: 600 12px/1.5 var(--sans); }
  dl { grid-template-columns: 1fr; } dd { margin-bottom: 6px; }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #ffffff; --ink: #000000; --soft: #444444; --rule: #bbbbbb; --wash: #ffffff; --grid: #e4e4e4; --note: #8a5a00;
    --c0: #0072b2; --c1: #c05000; --c2: #00805c; --c3: #a84e86; --c4: #966000; --c5: #1b7aa8; --c6: #6a6a00; --c7: #555b66;
  }
  @page { margin: 16mm; }
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  h2 { break-after: avoid; }
  tr, .finding, blockquote { break-inside: avoid; }
  .panels { grid-template-columns: 1fr 1fr; } .ridges { grid-template-columns: 1fr 1fr; } .finding figure { max-width: 92mm; }
  .scroll { overflow: visible; }
  .digest { max-width: none; white-space: normal; overflow-wrap: anywhere; }
  .text { max-height: none; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 0; }
}
`;
