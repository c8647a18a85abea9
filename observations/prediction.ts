/** What a language model predicts while it reads each text: how sure it is, and how often it is right. */
import { z } from 'zod';
import { loadCheckpoint } from '../engine/index.js';
import { sumPredictions } from '../engine/predictions.js';
import { readRows } from '../kinds/text/host/texts.js';
import type { Instrument } from './types.js';

/**
 * `entropy_sum`: Σ −Σ_v p_v log p_v of the distributions of the next token, nats, over every token but the first, or with
 * `lossOn: answer` over the answer's; `hit_count`: of these tokens, those than which none was more likely; `token_count`: how many they are.
 */
const instrument: Instrument = {
  version: 1,
  settings: z.strictObject({ lossOn: z.enum(['answer', 'all']).optional() }),
  async run({ data, model: folder, settings }, { threads, device }) {
    const model = await loadCheckpoint(folder, { frozen: true, device });
    const given = await readRows(data, settings.lossOn as 'answer' | 'all' | undefined);
    const sums = await sumPredictions({
      model,
      ...given,
      threads,
      device,
      names: ['entropy', 'hit'],
      outputs(g, logits, targets) {
        const probabilities = g.op('Softmax', [logits], { axis: -1 }); // (N, V)
        const logs = g.op('LogSoftmax', [logits], { axis: -1 }); // (N, V)
        const chosen = g.op('GatherElements', [logits, g.reshape(targets, [-1, 1])], { axis: 1 }); // (N, 1)
        const isMost = g.op('Equal', [chosen, g.reduceMax(logits, [1], true)], {}); // (N, 1)
        return {
          entropy: g.neg(g.reduceSum(g.mul(probabilities, logs), [1])), // (N)
          hit: g.reshape(g.op('Cast', [isMost], { to: 'float32' }), [-1]), // (N)
        };
      },
    });
    return {
      columns: {
        entropy_sum: Float64Array.from(sums, ({ entropy }) => entropy),
        hit_count: Int32Array.from(sums, ({ hit }) => hit),
        token_count: Int32Array.from(sums, ({ tokenCount }) => tokenCount),
      },
    };
  },
};

export default instrument;
