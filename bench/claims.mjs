// How often an experiment in which nothing is true shows a claim that holds, and how often a planted effect is found beside the
// power that was announced. Needs `npm run build`.
//
//   node bench/claims.mjs [--trials 1000]
//
// Four claims of two conditions, three generations, noise of log-normal values or of a random walk; each line is so many experiments.
import { parseArgs } from 'node:util';
import { CounterRng } from '../dist/common/philox.js';
import { decideClaims } from '../dist/report/claims.js';
import { pairedPower } from '../dist/statistics/power.js';
import { clopperPearson } from '../dist/statistics/proportions.js';

const { values } = parseArgs({ options: { trials: { type: 'string', default: '1000' } } });
const trials = Number(values.trials);
const SPREAD = 0.1;

/** @param noise `independent` at every generation, a `walk`, or `skewed`: exponential, on the raw scale */
function invented(trial, seeds, effect, noise) {
  const rng = new CounterRng({ seed: trial, generation: 0, member: '', step: 'invented' });
  const value = (condition, s, shift) => {
    const start = 0.3 * rng.normal(s, 0);
    let at = 0;
    return [0, 1, 2].map((t) => {
      const draw = rng.normal(10 * s + t, condition);
      if (noise === 'skewed') return t === 0 ? 1 : 0.5 - 0.5 * Math.log(1 - rng.uniform(10 * s + t, condition));
      if (t > 0) at = noise === 'walk' ? at + (SPREAD / Math.SQRT2) * draw : SPREAD * draw;
      return Math.exp(start + (shift * t) / 2 + at);
    });
  };
  const subject = 'sha256:0';
  const measure = { metric: 'm', variant: 'v', version: 1, n: 1, settings: {}, subject };
  const scores = ['a', 'b'].flatMap((condition, c) =>
    Array.from({ length: seeds }, (_, s) => value(c + 1, s, c === 0 ? effect : 0)).flatMap((chain, seed) =>
      chain.map((x, generation) => ({
        kind: 'values',
        run: '',
        place: { condition, seed, member: 'm', generation },
        values: [{ ...measure, value: x }],
      })),
    ),
  );
  return { scores, plan: { conditions: [], generations: 2 } };
}

const claim = (of) => ({ id: 'c', says: '', metric: 'm', conditions: ['a'], direction: 'above', ...of });
const CLAIMS = [
  claim({ statistic: { kind: 'growth' } }),
  claim({ statistic: { kind: 'growth' }, conditions: ['b'], direction: 'below' }),
  claim({ statistic: { kind: 'ratio' }, conditions: ['a', 'b'] }),
  claim({ statistic: { kind: 'trend' }, conditions: ['b'] }),
];
const SKEWED = [
  claim({ statistic: { kind: 'level' }, threshold: 1 }),
  claim({ statistic: { kind: 'level' }, threshold: 1, direction: 'below', conditions: ['b'] }),
];

const share = (k) => {
  const [low, high] = clopperPearson(k, trials).map((end) => `${(100 * end).toFixed(1)}`);
  return `${((100 * k) / trials).toFixed(1)} % (${low} to ${high})`;
};

console.log(`false "holds", ${trials} experiments a line:`);
for (const noise of ['independent', 'walk', 'skewed'])
  for (const seeds of [3, 5, 20]) {
    const claims = noise === 'skewed' ? SKEWED : CLAIMS;
    let holds = 0;
    for (let i = 0; i < trials; i++)
      if (decideClaims(invented(i, seeds, 0, noise), claims).some(({ verdict }) => verdict.verdict === 'holds')) holds++;
    console.log(`  ${noise.padEnd(11)} ${String(seeds).padStart(2)} seeds  ${share(holds)}`);
  }

console.log('a planted effect is found, beside the power announced:');
for (const seeds of [3, 5, 20])
  for (const effect of [0.05, 0.1, 0.15]) {
    let found = 0;
    for (let i = 0; i < trials; i++)
      if (decideClaims(invented(i, seeds, effect, 'independent'), CLAIMS.slice(0, 1))[0].verdict.verdict === 'holds') found++;
    const announced = pairedPower(effect, SPREAD, seeds, { sides: 1 });
    console.log(
      `  ${effect} of sd ${SPREAD}, ${String(seeds).padStart(2)} seeds  ${share(found)}, announced ${(100 * announced).toFixed(1)} %`,
    );
  }
