/** Matrices wide enough for every form of product that training uses: the number of threads changes no bit of the weights. */
import { expect, test } from '@jest/globals';
import { CounterRng } from '../../../common/philox.js';
import { parseConfig } from '../../../engine/models/index.js';
import { initialWeights } from '../../../engine/models/initial.js';
import { Trainer } from '../../../engine/train/trainer.js';

const rng = new CounterRng({ seed: 1, generation: 0, member: 'm', step: 'threads' });
const [vocabulary, width, time, rows] = [520, 512, 32, 4];
const config = parseConfig(
  {
    model_type: 'opt',
    vocab_size: vocabulary,
    hidden_size: width,
    word_embed_proj_dim: width,
    num_hidden_layers: 1,
    num_attention_heads: 8,
    ffn_dim: 2 * width,
    max_position_embeddings: time,
  },
  'test',
);

async function train(threads: number): Promise<{ losses: number[]; bits: Buffer[] }> {
  const trainer = new Trainer(
    { config, weights: initialWeights(config, rng) },
    { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.01, clip: 1, threads, longest: time },
  );
  const losses: number[] = [];
  for (let step = 0; step < 2; step++) {
    const batch = Array.from({ length: rows }, (_, b) =>
      Int32Array.from({ length: time }, (_, t) => rng.integer(vocabulary, t, step * rows + b)),
    );
    losses.push((await trainer.step([batch], 1e-3)).nllSum);
  }
  const bits = [...trainer.optimizer.weights.values()].map(({ data }) =>
    Buffer.from(Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
  );
  await trainer.release();
  return { losses, bits };
}

test('of one thread, two and three', async () => {
  const one = await train(1);
  expect(one.losses[0] / (rows * (time - 1))).toBeCloseTo(Math.log(vocabulary), 0);
  for (const threads of [2, 3]) {
    const more = await train(threads);
    expect(more.losses).toEqual(one.losses);
    expect(more.bits.map((bits, i) => bits.equals(one.bits[i]))).toEqual(one.bits.map(() => true));
  }
}, 120_000);
