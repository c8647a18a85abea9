/** What a language model predicts while it reads each text: how sure it is, and how often it is right. */
import { z } from 'zod';
import { loadCheckpoint } from '../engine/index.js';
import { sumPredictions } from '../engine/predictions.js';
import { readRows } from '../kinds/text/host/texts.js';
import type { Instrument } from './types.js';

/** Of the tokens after each place so many are looked at, or all that there are, and one counts as certain above this. */
const GINI_OF = 100;
const CERTAIN = 0.999;

/**
 * `entropy_sum`: Σ −Σ_v p_v log p_v of the distributions of the next token, nats, over every token but the first, or with
 * `lossOn: answer` over the answer's; `hit_count`: of these tokens, those than which none was more likely; `gini_sum`: Σ Gini coefficients of the 100 greatest
 * probabilities of the next token, each in [0, 1); `certain_count`: of these places, those at which one token has more than .999;
 * `token_count`: how many they are. Source of the last two: Gambetta et al., arXiv:2410.12341, whose model has collapsed where one is certain.
 */
const instrument: Instrument = {
  version: 2,
  settings: z.strictObject({ lossOn: z.enum(['answer', 'all']).optional() }),
  async run({ data, model: folder, settings }, { threads, device }) {
    const model = await loadCheckpoint(folder, { frozen: true, device });
    const given = await readRows(data, settings.lossOn as 'answer' | 'all' | undefined);
    const sums = await sumPredictions({
      model,
      ...given,
      threads,
      device,
      names: ['entropy', 'hit', 'gini', 'certain'],
      outputs(g, logits, targets) {
        const probabilities = g.op('Softmax', [logits], { axis: -1 }); // (N, V)
        const logs = g.op('LogSoftmax', [logits], { axis: -1 }); // (N, V)
        const chosen = g.op('GatherElements', [logits, g.reshape(targets, [-1, 1])], { axis: 1 }); // (N, 1)
        const isMost = g.op('Equal', [chosen, g.reduceMax(logits, [1], true)], {}); // (N, 1)
        const count = Math.min(GINI_OF, logits.shape[1] as number);
        // (N, count), the greatest first
        const [greatest] = g.node('TopK', [probabilities, g.ints([count])], { axis: -1, largest: true, sorted: true });
        const ranks = g.constant(
          'float32',
          [1, count],
          Float32Array.from({ length: count }, (_, i) => i + 1),
        );
        const ranked = g.div(g.reduceSum(g.mul(greatest, ranks), [1]), g.reduceSum(greatest, [1])); // (N), mean rank by probability
        const sure = g.op('Not', [g.op('LessOrEqual', [g.reduceMax(probabilities, [1]), g.scalar(CERTAIN)], {})], {}); // (N)
        return {
          gini: g.mul(g.sub(g.scalar(count + 1), g.mul(g.scalar(2), ranked)), g.scalar(1 / count)), // (N)
          certain: g.op('Cast', [sure], { to: 'float32' }), // (N)
          entropy: g.neg(g.reduceSum(g.mul(probabilities, logs), [1])), // (N)
          hit: g.reshape(g.op('Cast', [isMost], { to: 'float32' }), [-1]), // (N)
        };
      },
    });
    return {
      columns: {
        entropy_sum: Float64Array.from(sums, ({ entropy }) => entropy),
        hit_count: Int32Array.from(sums, ({ hit }) => hit),
        gini_sum: Float64Array.from(sums, ({ gini }) => gini),
        certain_count: Int32Array.from(sums, ({ certain }) => certain),
        token_count: Int32Array.from(sums, ({ tokenCount }) => tokenCount),
      },
    };
  },
};

export default instrument;
