/**
 * How often the check of a law fails a true law, and a law that is one generation late, by number of seeds.
 *   npm run build && node bench/laws.mjs [blocks]
 * Every block is fresh seeds, generations 0 … 20.
 */
import { Chain } from '../dist/kinds/chains/host/chain.js';
import { familyNamed } from '../dist/kinds/chains/host/index.js';
import { checkLaw } from '../dist/kinds/chains/laws/check.js';
import { lawsOf } from '../dist/kinds/chains/laws/index.js';

const LAST = 20;
const BLOCKS = Number(process.argv[2] ?? 400);
const SEEDS = [10, 30, 50, 100, 300, 1000];
/** chains a case, at most */
const CHAINS = 100 * BLOCKS;
const gaussian = (estimator = 'biased') => ({ family: 'gaussian', dimensions: 1, mean: 0, sigma: 1, estimator });
const discrete = { family: 'discrete', states: 20, zipf: 0 };
const regression = { family: 'regression', dimensions: 4, noise: 1 };
const CASES = [
  ['gaussian, n 10', gaussian(), 10, { kind: 'replace' }],
  ['gaussian, n 30, unbiased', gaussian('unbiased'), 30, { kind: 'replace' }],
  ['gaussian, n 100', gaussian(), 100, { kind: 'replace' }],
  ['gaussian, n 10, accumulate', gaussian(), 10, { kind: 'accumulate' }],
  ['gaussian, n 12, weights', gaussian(), 12, { kind: 'weights', alpha: 0.5, beta: 0.3, gamma: 0.2 }],
  ['discrete, n 20', discrete, 20, { kind: 'replace' }],
  ['regression, n 20, d 4', regression, 20, { kind: 'replace' }],
];

const percent = (part, whole) => `${((100 * part) / whole).toFixed(1)} %`.padStart(7);
console.log('case, law'.padEnd(48), ...SEEDS.map((n) => `${n} seeds`.padStart(15)), '  (a true law fails / gets a verdict)');
for (const [name, world, size, mixture] of CASES) {
  const family = familyNamed(world.family);
  const sample = { size, growth: 0 };
  const laws = lawsOf(world, sample, mixture);
  const late = laws.map((law) => ({ ...law, expectations: (last) => law.expectations(last + 1).slice(1) }));
  /** [measure][generation][chain] */
  const values = family.measures.map(() => Array.from({ length: LAST + 1 }, () => new Float64Array(CHAINS)));
  for (let i = 0; i < CHAINS; i++) {
    const chain = new Chain({ family, member: { name: 'm', sample, world }, mixture, seed: i + 1 });
    for (let t = 0; t <= LAST; t++) {
      chain.step();
      chain.measure().forEach((value, m) => (values[m][t][i] = value));
    }
  }
  laws.forEach((law, l) => {
    const m = family.measures.findIndex(({ metric, variant }) => metric === law.metric && variant === law.variant);
    const cells = SEEDS.map((n) => {
      const blocks = Math.min(BLOCKS, Math.floor(CHAINS / n));
      const verdicts = (tested) =>
        Array.from(
          { length: blocks },
          (_, b) => checkLaw(tested, new Map(values[m].map((at, t) => [t, [...at.subarray(b * n, (b + 1) * n)]]))).verdict,
        );
      const count = (list, verdict) => list.filter((v) => v === verdict).length;
      const [own, other] = [verdicts(law), verdicts(late[l])];
      const decided = blocks - count(own, 'undecided');
      return {
        own: percent(count(own, 'fail'), blocks),
        decided: percent(decided, blocks),
        late: percent(count(other, 'fail'), blocks),
      };
    });
    console.log(`${name}, ${law.name}`.padEnd(48), ...cells.map(({ own, decided }) => `${own}/${decided}`));
    console.log('  one generation late'.padEnd(48), ...cells.map((cell) => cell.late.padStart(15)));
  });
}
