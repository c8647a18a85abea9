// How often the 90 % band of a forecast holds what the chain does next, and the 90 % interval of a crossing the generation at which it crosses.
// Needs `npm run build`.
//
//   node bench/forecast.mjs [--chains 1000] [--case discrete]
//
// Each line is so many experiments of fresh chains of known law: known to generation 20, asked about 1, 10 and 20 generations later, and about
// the line that the median chain crosses after ten.
import { parseArgs } from 'node:util';
import { Chain } from '../dist/kinds/chains/host/chain.js';
import { familyNamed } from '../dist/kinds/chains/host/index.js';
import { bandsAt, crossing, hasChanged, recentWalk } from '../dist/statistics/forecast.js';
import { clopperPearson } from '../dist/statistics/proportions.js';

const { values } = parseArgs({ options: { chains: { type: 'string', default: '1000' }, case: { type: 'string', default: '' } } });
const trials = Number(values.chains);
const KNOWN = 20;
const AHEAD = [1, 10, 20];
/** generations behind the known ones that a crossing may take */
const LATER = 80;

const gaussian = { family: 'gaussian', dimensions: 1, mean: 0, sigma: 1, estimator: 'biased' };
const discrete = (states) => ({ family: 'discrete', states, zipf: 0 });
const CASES = [
  ['gaussian n 10, replace, log-variance', gaussian, 10, 'log-variance', 'replace', (x) => x],
  ['gaussian n 100, replace, log-variance', gaussian, 100, 'log-variance', 'replace', (x) => x],
  ['gaussian n 100, accumulate, log-variance', gaussian, 100, 'log-variance', 'accumulate', (x) => x],
  ['discrete K 2 n 2000, log heterozygosity', discrete(2), 2000, 'variance', 'replace', Math.log],
  ['discrete K 5 n 1000, log heterozygosity', discrete(5), 1000, 'variance', 'replace', Math.log],
  ['discrete K 100 n 100, log heterozygosity', discrete(100), 100, 'variance', 'replace', Math.log],
];

const share = (k, n = trials) => {
  const [low, high] = clopperPearson(k, n).map((end) => (100 * end).toFixed(1));
  return `${((100 * k) / n).toFixed(1)} % (${low} to ${high})`.padEnd(24);
};

console.log(`covered of 90 %, ${trials} chains a line`.padEnd(52), ...AHEAD.map((h) => `${h} ahead`.padEnd(23)), 'crossing');
for (const [name, world, size, metric, kind, scale] of CASES.filter(([name]) => name.includes(values.case)))
  for (const seeds of [1, 5]) {
    const family = familyNamed(world.family);
    const m = family.measures.findIndex((one) => one.metric === metric);
    const chain = (seed, later = 0) => {
      const own = new Chain({ family, member: { name: 'm', sample: { size, growth: 0 }, world }, mixture: { kind }, seed });
      return Array.from({ length: KNOWN + 1 + later }, () => (own.step(), scale(own.measure()[m])));
    };
    const held = AHEAD.map(() => 0);
    let [crossed, changed] = [0, 0];
    for (let trial = 0; trial < trials; trial++) {
      const rows = Array.from({ length: seeds }, (_, s) => chain(trial * seeds + s + 1, s === 0 ? LATER : 0));
      const walk = recentWalk(rows.map((row) => row.slice(0, KNOWN + 1)));
      const [first] = rows;
      if (hasChanged(walk)) changed++;
      bandsAt(walk, first[KNOWN], AHEAD, 0.9, { paths: 1000, seed: trial }).forEach(([low, high], i) => {
        if (first[KNOWN + AHEAD[i]] >= low && first[KNOWN + AHEAD[i]] <= high) held[i]++;
      });
      const line = first[KNOWN] + 10 * walk.forms.reduce((sum, { drift, chance }) => sum + drift * chance, 0);
      const up = line > first[KNOWN];
      const at = first.findIndex((value, t) => t > KNOWN && (up ? value >= line : value <= line));
      const { early, late } = crossing(walk, [first[KNOWN]], line, LATER, { paths: 400, seed: trial });
      const seen = at < 0 ? Infinity : at - KNOWN;
      if (seen >= early && seen <= late) crossed++;
    }
    console.log(`${name}, ${seeds} seed${seeds > 1 ? 's' : ''}`.padEnd(52), ...held.map((k) => share(k)), share(crossed), `steps changed in ${changed}`); // prettier-ignore
  }
