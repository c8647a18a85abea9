/** Fresh weights and the engine's fingerprint. */
import { describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../common/philox.js';
import { loadCheckpoint } from '../../engine/checkpoint/huggingface.js';
import { engineFingerprint } from '../../engine/fingerprint.js';
import { parseConfig } from '../../engine/models/index.js';
import { initialWeights } from '../../engine/models/initial.js';

const rng = new CounterRng({ seed: 5, generation: 0, member: 'm', step: 'init' });

describe('initialWeights', () => {
  const json = { model_type: 'opt', vocab_size: 300, hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 4, ffn_dim: 64, max_position_embeddings: 62, init_std: 0.05 }; // prettier-ignore
  const config = parseConfig({ ...json, word_embed_proj_dim: 32 }, 'config.json');
  const weights = initialWeights(config, rng);

  test('normal weights with the config’s deviation, zero biases, unit norms, zero padding row', () => {
    for (const [name, { shape, data }] of weights) {
      if (/layer_norm.weight$/.test(name)) expect(new Set(data)).toEqual(new Set([1]));
      else if (name.endsWith('bias')) expect(new Set(data)).toEqual(new Set([0]));
      else {
        const n = data.length;
        const mean = data.reduce((a, b) => a + b, 0) / n;
        const deviation = Math.sqrt(data.reduce((a, b) => a + b * b, 0) / n);
        expect(Math.abs(mean)).toBeLessThan((5 * 0.05) / Math.sqrt(n));
        expect(Math.abs(deviation / 0.05 - 1)).toBeLessThan(5 / Math.sqrt(2 * n) + 1 / shape[0]);
      }
    }
    const embedding = weights.get('model.decoder.embed_tokens.weight')!.data;
    expect(embedding.subarray(32, 64).every((x) => x === 0)).toBe(true);
    expect(embedding.subarray(0, 32).every((x) => x !== 0)).toBe(true);
  });

  test('are a function of the key alone', () => {
    const again = initialWeights(config, new CounterRng(rng.key));
    for (const [name, { data }] of weights)
      expect(Buffer.compare(Buffer.from(again.get(name)!.data.buffer), Buffer.from(data.buffer))).toBe(0);
    const other = initialWeights(config, rng.derive('other'));
    expect(other.get('model.decoder.layers.0.fc1.weight')!.data[0]).not.toBe(
      weights.get('model.decoder.layers.0.fc1.weight')!.data[0],
    );
  });

  test('have the names and shapes of a checkpoint that transformers wrote', async () => {
    for (const name of ['opt-odd-gelu', 'opt-odd-untied', 'opt-odd-post']) {
      const checkpoint = await loadCheckpoint(`test/golden/lm/${name}`);
      const fresh = initialWeights(checkpoint.config, rng);
      const shapes = (w: typeof fresh): unknown => [...w].map(([key, { shape }]) => [key, shape]);
      expect(shapes(fresh)).toEqual(shapes(checkpoint.weights));
    }
  });
});

test('the fingerprint names the engine, onnxruntime and the kind of CPU', () => {
  expect(engineFingerprint()).toMatch(
    /^habsburg-engine\/\d+ onnxruntime\/1\.30\.\d+ (x64|arm64)\/(amx|avx512|avx2|sve|neon|generic)$/,
  );
});
