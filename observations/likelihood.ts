/** How likely a language model finds each text. */
import { endTokensOf } from '../data/template.js';
import { loadCheckpoint } from '../engine/index.js';
import { scoreRows } from '../engine/score.js';
import { readObserved, readingSettings, type Reading } from '../kinds/text/host/windows.js';
import type { Instrument } from './types.js';

/**
 * `nll_sum`: Σ −log p(token | tokens before it), nats, over every token but the first, or with `lossOn: answer` over the answer's, with `prefix`
 * over those behind it; `token_count`: the tokens in that sum. `end_nll_sum`, `end_token_count`: the part of both whose token is an end token.
 * Before a token lie those of its record, with `window` those of the window that slides over the text that records were cut from.
 */
const instrument: Instrument = {
  version: 2,
  settings: readingSettings,
  async run({ data, model: folder, settings }, { threads, device }) {
    const model = await loadCheckpoint(folder, { frozen: true, device });
    const { rows, labels, owners, records } = await readObserved(data, settings as Reading, model.config.maxPositions);
    const parts = owners && { owners, count: records };
    const scores = await scoreRows({ model, rows, labels, parts, threads, device, endTokens: endTokensOf(model.config.json) });
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
