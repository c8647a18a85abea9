/** How likely a language model finds each text. */
import { z } from 'zod';
import { readRows } from '../kinds/text/host/texts.js';
import { endTokensOf } from '../data/template.js';
import { loadCheckpoint } from '../engine/index.js';
import { scoreRows } from '../engine/score.js';
import type { Instrument } from './types.js';

/**
 * `nll_sum`: Σ −log p(token | tokens before it), nats, over every token but the first, or with `lossOn: answer` over the answer's;
 * `token_count`: the tokens in that sum. `end_nll_sum`, `end_token_count`: the part of both whose token is an end token.
 */
const instrument: Instrument = {
  version: 2,
  settings: z.strictObject({ lossOn: z.enum(['answer', 'all']).optional() }),
  async run({ data, model: folder, settings }, { threads, device }) {
    const model = await loadCheckpoint(folder, { frozen: true, device });
    const rows = await readRows(data, settings.lossOn as 'answer' | 'all' | undefined);
    const scores = await scoreRows({ model, ...rows, threads, device, endTokens: endTokensOf(model.config.json) });
    return {
      columns: {
        nll_sum: Float64Array.from(scores, ({ nllSum }) => nllSum),
        token_count: Int32Array.from(scores, ({ tokenCount }) => tokenCount),
        end_nll_sum: Float64Array.from(scores, ({ ends }) => ends!.nllSum),
        end_token_count: Int32Array.from(scores, ({ ends }) => ends!.tokenCount),
      },
    };
  },
};

export default instrument;
