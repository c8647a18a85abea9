import { describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../common/philox.js';
import { evaluationOf } from '../../evaluations/index.js';
import { survival } from '../../evaluations/survival.js';
import type { ScoreRow } from '../../evaluations/types.js';
import { honestBands, honestJson, honestRows, honestSentence, renderHonest } from '../../report/honest.js';
import { render } from '../../report/html.js';
import type { Results } from '../../report/rows.js';
import { curveFigures } from '../../report/sections/curves.js';
import { honestSection } from '../../report/sections/honest.js';
import { summarise } from '../../report/summary.js';
import { textsFrom } from '../evaluations/support.js';
import { makeFixture } from './fixture.js';
import { scoresOf } from './scores-of.js';

const GENERATIONS = 4;
const SEEDS = [1, 2, 3];
const MASS = 0.1;
/** 150 types, about 700 tokens */
const REAL = Array.from({ length: 150 }, (_, i) => new Array<number>(Math.ceil(120 / (i + 1))).fill(i)).flat();

/** A model of frequencies, token by token: what is under test has a law of it, and no line in common. @param drop of a model's types, the rarest share is never written */
function results(drop: number, tokens = 200): Results {
  const { plan } = makeFixture({ seeds: SEEDS, generations: GENERATIONS, conditions: ['replace'] });
  const coverage = evaluationOf({ name: 'coverage', variant: 'of-real-token-types' });
  const rows: ScoreRow[] = [];
  const histograms: Results['histograms'][number][] = [];
  for (const seed of SEEDS) {
    let train = REAL;
    for (let generation = 0; generation <= GENERATIONS; generation++) {
      const rng = new CounterRng({ seed, generation, member: 'opt', step: 'token-by-token' });
      const counts = new Map<number, number>();
      for (const token of train) counts.set(token, (counts.get(token) ?? 0) + 1);
      const kept = new Set([...counts.keys()].sort((a, b) => counts.get(b)! - counts.get(a)!).slice(0, Math.ceil(counts.size * (1 - drop)))); // prettier-ignore
      const urn = train.filter((token) => kept.has(token));
      train = Array.from({ length: REAL.length }, (_, i) => urn[rng.integer(urn.length, i)]);
      const place = { condition: 'replace', seed, member: 'opt', generation };
      const input = {
        records: { generated: textsFrom([train], ['']), real: textsFrom([REAL], ['']) },
        tokenTypes: { real: new Set(REAL) },
        tables: {},
      };
      for (const [metric, settings] of [
        [survival, { mass: MASS }],
        [coverage, { tokens }],
      ] as const)
        // prettier-ignore
        for (const value of metric.compute(input, settings))
          rows.push({ experiment: plan.name, run: `replace/seed-${seed}`, subject: 'sha256:0', ...place, ...value });
      for (const { metric, edges, counts: of, n } of survival.series!(input, { mass: MASS }))
        histograms.push({ name: metric, edges: [...edges], counts: [...of], n, ...place });
    }
  }
  return {
    store: 'file:///s',
    experiment: plan.name,
    plan,
    planDigest: 'sha256:0',
    notes: [],
    runs: [],
    scores: scoresOf(rows),
    rows,
    histograms,
    claims: [],
    samples: [],
    pictures: [],
  };
}

describe('honest sampling beside a model', () => {
  const honest = results(0);
  const bands = honestBands(honest, summarise(honest));

  test('chains that are honest lie in the band, in every measure that the law is of', () => {
    expect(bands.map(({ measure }) => `${measure.metric}/${measure.variant}`)).toEqual([
      'survival/real-token-types',
      'survival/real-token-types/tail-rate',
      'coverage/of-real-token-types',
    ]);
    for (const { points, observed, added, inside, seeds } of bands) {
      expect(points.map(({ generation }) => generation)).toEqual([0, 1, 2, 3, 4]);
      expect([inside, seeds]).toEqual([3, 3]);
      const { mean, band, wide } = points[GENERATIONS];
      expect(wide[0]).toBeLessThanOrEqual(band[0]);
      expect(wide[1]).toBeGreaterThanOrEqual(band[1]);
      expect(added.mean).toBeCloseTo(observed.mean - mean, 12);
      expect(Math.abs(added.mean)).toBeLessThan(added.halfWidth! + wide[1] - wide[0]);
    }
    expect(honestSentence(bands[0])).toMatch(/^generation 4: 0\.\d+ ± 0\.\d+; honest sampling alone 0\.\d+, 99 % of chains in \[0\.\d+, 0\.\d+\]; the learner adds .*; all 3 seeds lie inside$/); // prettier-ignore
  });

  test('a learner that never writes the rarest of its types falls out of it, and by how much is said', () => {
    const dull = results(0.3);
    const summary = summarise(dull);
    const all = honestBands(dull, summary);
    const [alive, tail] = all;
    expect([alive.inside, tail.inside]).toEqual([0, 0]);
    expect(tail.added.mean + tail.added.halfWidth!).toBeLessThan(0);
    expect(alive.added.mean + alive.added.halfWidth!).toBeLessThan(0);
    // the band is that of the same real text: only what it learned differs
    expect(alive.points).toEqual(bands[0].points);
    expect(renderHonest(all, 200)).toContain('all 3 seeds lie outside');
    const { lead, rest } = curveFigures(summary, dull.plan, [], all);
    expect(
      render(lead)
        .concat(render(rest))
        .match(/class="honest s0"/g),
    ).toHaveLength(3);
    expect(render(honestSection(all))).toContain('<td>0 of 3</td>');
    expect(honestSection([])).toBeUndefined();
  });

  test('coverage of all that was written is survival: one row, of both; each panel keeps its band', () => {
    const whole = results(0.3, 0);
    const summary = summarise(whole);
    const both = honestBands(whole, summary);
    expect(both).toHaveLength(3);
    expect(honestRows(both).map(({ label }) => label)).toEqual(['survival, coverage', expect.stringContaining('tail-rate')]);
    // and of the first 200 tokens alone it is not
    expect(honestRows(bands)).toHaveLength(3);
    const page = render(honestSection(both));
    expect([...page.matchAll(/<tr><th scope="row"/g)]).toHaveLength(2);
    expect(page).toContain('<td>survival, coverage</td>');
    expect(renderHonest(both, 200)).toMatch(/2 of 2 curves end .*\n {2}replace, survival, coverage: generation 4: /);
    const { lead, rest } = curveFigures(summary, whole.plan, [], both);
    expect(render(lead).concat(render(rest)).match(/class="honest s0"/g)).toHaveLength(3); // prettier-ignore

    const [alive] = both;
    expect(honestJson(both)[0]).toEqual({
      condition: 'replace',
      member: 'opt',
      measures: [
        { metric: 'survival', variant: 'real-token-types', version: 1, settings: { mass: MASS } },
        { metric: 'coverage', variant: 'of-real-token-types', version: 1, settings: { tokens: 0 } },
      ],
      chains: alive.chains,
      generations: alive.points,
      observed: alive.observed,
      added: alive.added,
      seeds: 3,
      inside: 0,
    });
  });

  test('none without the real frequencies, where a mixture has no law, and where texts went through something', () => {
    expect(honestBands({ ...honest, histograms: [] }, summarise(honest))).toEqual([]);
    const under = (change: object): Results => ({
      ...honest,
      plan: {
        ...honest.plan,
        conditions: honest.plan.conditions.map((condition) => ({
          ...condition,
          members: condition.members.map((member) => ({ ...member, ...change })),
        })),
      },
    });
    for (const change of [{ mixture: { kind: 'fresh', share: 0.5 } }, { postprocess: [] }])
      expect(honestBands(under(change), summarise(honest))).toEqual([]);
  });
});
