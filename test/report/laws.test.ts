import { describe, expect, test } from '@jest/globals';
import { Chain } from '../../kinds/chains/host/chain.js';
import { familyNamed } from '../../kinds/chains/host/index.js';
import type { ScoreRow } from '../../evaluations/types.js';
import { checkedLaws, lawsHeadline, renderLaws } from '../../report/laws.js';
import { renderPage } from '../../report/page.js';
import type { Results } from '../../report/rows.js';
import { summarise } from '../../report/summary.js';
import { scoresOf } from './scores-of.js';
import type { ChainMemberPlan } from '../../kinds/chains/plan.js';
import type { ExperimentPlan } from '../../spec/plan.js';

const settings = {};

/** Chains of a Gaussian as a report reads them; `shown` is what the plan says of the sample, where that is a lie. */
function results(seeds: number, generations: number, size = 20, shown = size): Results {
  const member = (n: number): ChainMemberPlan => ({
    name: 'normal',
    world: { family: 'gaussian', dimensions: 1, mean: 0, sigma: 1, estimator: 'biased' },
    sample: { size: n, growth: 0 },
  });
  const family = familyNamed('gaussian');
  const rows: ScoreRow[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const chain = new Chain({ family, member: member(size), mixture: { kind: 'replace' }, seed });
    for (let generation = 0; generation <= generations; generation++) {
      chain.step();
      const common = {
        experiment: 'normal',
        run: 'replace/seeds-1-2',
        condition: 'replace',
        member: 'normal',
        seed,
        generation,
        n: size,
        settings,
        subject: 'sha256:0',
      };
      chain.measure().forEach((value, m) => {
        const { metric, variant, version } = family.measures[m];
        rows.push({ ...common, metric, variant, version, value });
      });
    }
  }
  const plan: ExperimentPlan = {
    schemaVersion: 1,
    name: 'normal',
    seeds: Array.from({ length: seeds }, (_, i) => i + 1),
    generations,
    data: {},
    population: [member(shown)],
    conditions: [{ name: 'replace', members: [{ ...member(shown), mixture: { kind: 'replace' } }] }],
    metrics: [],
    execution: { concurrency: 1, checkpointSeconds: 30, heartbeatSeconds: 20, queues: { cpu: 'c', engine: 'c' } },
  };
  return {
    store: 'file:///s',
    experiment: 'normal',
    plan,
    planDigest: 'sha256:0',
    notes: [],
    runs: [],
    scores: scoresOf(rows),
    rows,
    histograms: [],
    claims: [],
    samples: [],
    pictures: [],
  };
}

describe('laws in the report', () => {
  test('true ones pass; those of another sample size fail, with the numbers', () => {
    const right = results(400, 30);
    expect(lawsHeadline(checkedLaws(right, summarise(right)))).toBe('5 of 5 exact laws hold at 99 % confidence.');
    const wrong = results(400, 30, 20, 200);
    const laws = checkedLaws(wrong, summarise(wrong));
    expect(lawsHeadline(laws)).toMatch(/^0 of 5 exact laws hold at 99 % confidence; 5 fail\.$/);
    expect(renderLaws(laws, 400)).toMatch(
      /FAIL {2}replace, log-variance: outside the 99 % interval at \d+ of \d+ tested generations, first generation \d+: -\d/,
    );
    expect(renderPage(wrong)).toContain('<td class="verdict fail">fail</td>');
  });

  test('few seeds are said to be too few', () => {
    const few = results(3, 4);
    expect(lawsHeadline(checkedLaws(few, summarise(few)))).toBe(
      '0 of 5 exact laws hold at 99 % confidence; 5 cannot be tested with so few seeds.',
    );
  });

  test('a page of many seeds draws their range, not their lines, and stays small', () => {
    const many = renderPage(results(300, 60));
    expect(many).toContain('class="spread"');
    expect(many).toContain('class="theory s0"');
    expect(many).not.toContain('class="seed"');
    expect(many).not.toContain('Every seed');
    expect(many.length).toBeLessThan(300_000);
    const few = renderPage(results(5, 10));
    expect(few).toContain('class="seed"');
    expect(few).toContain('Every seed');
  });
});
