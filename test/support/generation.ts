/** Short calls of the generator for tests. */
import { CounterRng } from '../../common/philox.js';
import type { Model } from '../../engine/checkpoint/huggingface.js';
import { generateRows, type GenerateOptions } from '../../engine/generate/index.js';
import { DECODING_DEFAULTS, type Decoding, type DecodingPlan } from '../../engine/generate/decoding.js';

export function decoding(settings: Partial<Decoding>): Decoding {
  return {
    ...DECODING_DEFAULTS,
    strategy: 'greedy',
    maxNewTokens: 8,
    minNewTokens: 0,
    batch: 4,
    ...settings,
  };
}

/** The new tokens of every prompt from `startAt` on. */
export async function generate(
  model: Model,
  prompts: readonly (readonly number[])[],
  settings: DecodingPlan,
  options: Partial<GenerateOptions> = {},
): Promise<number[][]> {
  const rows: number[][] = [];
  await generateRows({
    model,
    prompts: prompts.map((prompt) => Int32Array.from(prompt)),
    settings,
    rng: new CounterRng({ seed: 5, generation: 0, member: 'test', step: 'generate' }),
    threads: 1,
    onBatch: async (start, batch) => {
      if (start !== rows.length + (options.startAt ?? 0)) throw new Error(`a batch at ${start} after ${rows.length} rows`);
      rows.push(...batch.map((row) => Array.from(row)));
    },
    ...options,
  });
  return rows;
}
