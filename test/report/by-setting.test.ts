import { describe, expect, test } from '@jest/globals';
import { changeText, renderSettingTables, settingJson } from '../../report/by-setting-text.js';
import { settingTables } from '../../report/by-setting.js';
import { settingThatDiffers } from '../../report/condition-numbers.js';
import { render } from '../../report/html.js';
import { settingSection } from '../../report/sections/by-setting.js';
import { summarise } from '../../report/summary.js';
import { rowsOfSeeds, scoresOf } from './scores-of.js';

/** Perplexity and TTR of Llama-2 on its own summaries, 100 to 0 % human, as Stein's thesis has them (one seed). */
const STEIN: readonly (readonly [share: number, perplexity: number, ttr: number])[] = [
  [1, 5.55, 0.064],
  [0.75, 5.53, 0.066],
  [0.5, 5.51, 0.065],
  [0.25, 5.48, 0.064],
  [0, 5.45, 0.065],
];
const named = (share: number) => `human-${100 * share}`;
const document = { conditions: STEIN.map(([share]) => ({ name: named(share), mixture: { kind: 'keep-share', share } })) };
const plan = { conditions: document.conditions.map(({ name }) => ({ name })) } as any;

/** @param seeds how the values of each seed differ from the thesis's */
function tablesOf(seeds: readonly number[], over?: string, generation?: number) {
  const of = (column: 1 | 2) =>
    Object.fromEntries(STEIN.map((row) => [named(row[0]), seeds.map((by) => [999, row[column] + by])]));
  const rows = [...rowsOfSeeds(of(2), 'ttr', 'stein'), ...rowsOfSeeds(of(1), 'perplexity', 'mixed')];
  return settingTables({ plan, document }, summarise({ scores: scoresOf(rows) }), over, generation);
}

describe('by a setting', () => {
  test('a row a condition as the file has them, a column a measure in a reader’s order, fractions relative to the row above', () => {
    const [table, ...none] = tablesOf([0]);
    expect(none).toEqual([]);
    expect(table).toMatchObject({ setting: 'mixture.share', member: 'opt', generation: 1, several: false });
    expect(table.measures.map(({ metric }) => metric)).toEqual(['perplexity', 'ttr']);
    expect(table.rows.map(({ number }) => number)).toEqual([1, 0.75, 0.5, 0.25, 0]);
    const changes = table.rows.map(({ cells }) => cells[0]!.change);
    expect(changes[0]).toBeUndefined();
    // (5.53 - 5.55) / 5.55 and so on: not 5.53 - 5.55 / 5.55
    expect(changes.slice(1).map((one) => Number(one!.toFixed(6)))).toEqual([-0.003604, -0.003617, -0.005445, -0.005474]);
  });

  test('means over seeds with their half-width; at another generation, and by numbers that are given', () => {
    const [table] = tablesOf([-0.01, 0, 0.01]);
    // t.ppf(.975, 2) * .01 / sqrt(3)
    expect(table.rows[4].cells[0]!.point.mean).toBeCloseTo(5.45, 12);
    expect(table.rows[4].cells[0]!.point.halfWidth).toBeCloseTo(0.0248413771, 8);
    expect(tablesOf([0], undefined, 0)[0].rows.map(({ cells }) => cells[0]!.point.mean)).toEqual([999, 999, 999, 999, 999]);
    expect(tablesOf([0], undefined, 2)).toEqual([]);
    const given = tablesOf([0], 'human-0=3,human-50=2,human-100=1')[0];
    expect(given.rows.map(({ condition, number }) => [condition, number])).toEqual([['human-0', 3], ['human-50', 2], ['human-100', 1]]); // prettier-ignore
  });

  test('which number differs is found in the file, if it is the only difference and the only such number', () => {
    const found = (...conditions: object[]) => settingThatDiffers({ document: { conditions } });
    expect(settingThatDiffers({ document })).toBe('mixture.share');
    const [a, b, c] = [{ name: 'a', s: { n: 1 } }, { name: 'b', s: { n: 2 } }, { name: 'c', title: 'C', s: { n: 3 } }]; // prettier-ignore
    expect(found(a, b, c, { name: 'none' })).toBe('s.n');
    expect(found(a, b)).toBeUndefined();
    expect(found(a, b, { ...c, s: { n: 2 } })).toBeUndefined();
    expect(found(a, b, { ...c, kind: 'other' })).toBeUndefined();
    expect(found(...[a, b, c].map((one) => ({ ...one, m: one.s.n })))).toBeUndefined();
    expect(settingThatDiffers({ document: undefined })).toBeUndefined();
    expect(settingTables({ plan, document: { conditions: [a, b] } }, summarise({ scores: [] }))).toEqual([]);
  });

  test('a change from 0 is none, and one of a negative value keeps its direction', () => {
    const of = (values: readonly number[]) => Object.fromEntries(values.map((value, i) => [`c${i}`, [[value]]]));
    const changes = (...values: number[]) => {
      const rows = rowsOfSeeds(of(values), 'elbo', 'v');
      const over = values.map((_, i) => `c${i}=${i}`).join(',');
      const all = { conditions: values.map((_, i) => ({ name: `c${i}` })) } as any;
      const [table] = settingTables({ plan: all, document: {} }, summarise({ scores: scoresOf(rows) }), over);
      return table.rows.map(({ cells }) => cells[0]!.change);
    };
    expect(changes(0, 2, 1)).toEqual([undefined, undefined, -0.5]);
    expect(changes(-100, -150, -75)).toEqual([undefined, -0.5, 0.5]);
  });
});

test('what was measured of the training set has a table of its own, before the model’s', () => {
  const of = (value: number) => Object.fromEntries(STEIN.map(([share]) => [named(share), [[value + share]]]));
  const rows = [...rowsOfSeeds(of(1), 'ttr', 'stein'), ...rowsOfSeeds(of(2), 'ttr', 'stein/of-training')];
  const tables = settingTables({ plan, document }, summarise({ scores: scoresOf(rows) }));
  expect(tables.map((one) => [one.of, one.measures.map(({ label }) => label), one.rows[0].cells[0]!.point.mean])).toEqual([
    ['training', ['ttr of-training'], 3],
    ['member', ['ttr'], 2],
  ]);
  expect(renderSettingTables(tables, 'table')).toMatch(
    /^By mixture\.share, generation 0, what it was trained on\n[^]*\nBy mixture\.share, generation 0\n/,
  );
  const html = render(settingSection(tables));
  expect(html).toContain('<h3>Generation 0, what it was trained on</h3>');
  expect([...html.matchAll(/>(ttr[^<]*)</g)].map(([, head]) => head)).toEqual(['ttr', 'ttr']);
  const alone = summarise({ scores: scoresOf(rows.slice(5)) });
  expect(alone.measures.map(({ label }) => label)).toEqual(['ttr of-training']);
});

describe('for people and programs', () => {
  const tables = tablesOf([0]);

  test('a terminal, in blocks that fit', () => {
    const text = renderSettingTables(tables, 'table', 100);
    expect(text).toContain('By mixture.share, generation 1\nOne seed; in brackets the change of the value from the row above.\n');
    expect(text).toMatch(/^condition +mixture\.share +perplexity +ttr$/m);
    expect(text).toMatch(/^human-100 +1 +5\.550 +0\.06400$/m);
    expect(text).toMatch(/^human-75 +0\.75 +5\.530 \(−0\.36 %\) +0\.06600 \(\+3\.1 %\)$/m);
    expect(renderSettingTables(tables, 'table', 50).match(/^condition/gm)).toHaveLength(2);
  });

  test('Markdown, LaTeX, CSV, JSON', () => {
    expect(renderSettingTables(tables, 'md')).toContain('| 0.75 | human-75 | 5.530 (−0.36 %) | 0.06600 (+3.1 %) |\n');
    const tex = renderSettingTables(tables, 'latex');
    expect(tex).toContain('\\begin{tabular}{rlrr}\n  \\toprule\n  mixture.share & condition & perplexity & ttr \\\\\n');
    expect(tex).toContain('  0.75 & human-75 & 5.530 ($-$0.36 \\%) & 0.06600 (+3.1 \\%) \\\\\n');
    const csv = renderSettingTables(tables, 'csv').split('\n');
    expect(csv[0]).toBe('setting,number,condition,member,generation,metric,variant,version,settings,mean,half_width,n,change');
    expect(csv[1]).toBe('mixture.share,1,human-100,opt,1,perplexity,mixed,1,{},5.55,,1,');
    expect(csv).toHaveLength(1 + 5 * 2 + 1);
    expect(JSON.parse(JSON.stringify(settingJson(tables[0])))).toMatchObject({
      setting: 'mixture.share',
      measures: [{ metric: 'perplexity', variant: 'mixed' }, { metric: 'ttr' }],
      rows: [{ condition: 'human-100', number: 1, cells: [{ mean: 5.55, n: 1 }, { mean: 0.064 }] }, {}, {}, {}, {}],
    });
  });

  test('the page, with what a file controls made harmless', () => {
    const html = render(settingSection([{ ...tables[0], rows: tables[0].rows.map((row) => ({ ...row, condition: '<b>' })) }]));
    expect(html).toContain('<h2>By mixture.share, generation 1</h2>');
    expect(html).toContain(
      '<th scope="row">&lt;b&gt;</th><td class="num">0.75</td><td class="num"><data value="5.53">5.530</data><span class="pm">(−0.36 %)</span></td>',
    );
    expect(render(settingSection([]))).toBe('');
    expect(changeText({ point: tables[0].rows[0].cells[0]!.point })).toBe('');
  });
});
