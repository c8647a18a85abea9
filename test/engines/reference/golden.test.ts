/** The reference engine against transformers 5.17 and torch 2.13: likelihoods, logits, every gradient, ten AdamW steps. */
import { describe, expect, test } from '@jest/globals';
import { loadCheckpoint } from '../../../engine/checkpoint/huggingface.js';
import { readSafetensors } from '../../../engine/checkpoint/safetensors.js';
import { AdamW } from '../../../engines/reference/adamw.js';
import { reference } from '../../../engines/reference/capabilities.js';
import { backpropagate, predictions, targetsIn } from '../../../engines/reference/loss.js';
import { ReferenceModel } from '../../../engines/reference/model.js';
import { DECODERS } from '../../../engines/reference/models.js';
import { goldenRows, keyBias, OPT_MODELS, readGolden, type GoldenBatch } from '../../support/golden.js';
import { relativeError } from '../../support/numbers.js';

const MODELS = [...OPT_MODELS, 'gpt2', 'llama-gqa', 'llama3-tied-ropescaling', 'qwen2'] as const;
/** The odd ones keep no training. */
const TRAINED = MODELS.filter((name) => !name.startsWith('opt-odd'));
const dirOf = (name: string) => `test/golden/lm/${name}`;

/** Leaves the gradient of the batch's mean loss, which it returns. */
function meanLoss(model: ReferenceModel, batch: GoldenBatch): number {
  const { rows, labels } = goldenRows(batch);
  const count = labels.reduce((sum, row) => sum + targetsIn(row), 0);
  return rows.reduce((sum, row, i) => sum + backpropagate(model, row, labels[i], 1 / count), 0) / count;
}

test('what it says of itself is what it has', () => {
  const ability = (reference.fit as Record<string, { architectures?: readonly string[] }>)['language-model'];
  expect(ability.architectures).toEqual(Object.keys(DECODERS));
});

describe.each(MODELS)('%s', (name) => {
  test('likelihoods, logits and gradients', async () => {
    const model = new ReferenceModel(await loadCheckpoint(dirOf(name)));
    const { batches, batch0 } = await readGolden(dirOf(name));
    const { rows, labels } = goldenRows(batches[0]);
    const read = rows.map((row, i) => predictions(model, row, labels[i]));
    expect(read.map(({ length }) => length)).toEqual(batch0.token_count_per_row);
    const sums = read.map((row) => row.reduce((sum, { nll }) => sum + nll, 0));
    expect(relativeError(sums, batch0.nll_sum_per_row)).toBeLessThan(1e-6);

    const { logits } = Object.fromEntries(await readSafetensors(`${dirOf(name)}/logits.safetensors`));
    const [time, size] = logits.shape.slice(1);
    rows.forEach((row, b) => {
      const expected = logits.data.subarray(b * time * size, (b * time + row.length) * size);
      expect(relativeError(model.logits(Array.from(row)).data, expected)).toBeLessThan(2e-6);
    });

    expect(Math.abs(meanLoss(model, batches[0]) / batch0.loss - 1)).toBeLessThan(1e-6);
    const gradients = await readSafetensors(`${dirOf(name)}/gradients.safetensors`);
    expect([...gradients.keys()].sort()).toEqual([...model.parameters.keys()].sort());
    const scale = Math.max(...[...gradients.values()].map(({ data }) => Math.hypot(...data)));
    for (const [parameter, { data }] of gradients) {
      const { gradient } = model.parameters.get(parameter)!;
      const zero = keyBias(name, parameter, data.length);
      // exactly zero but for float64's rounding, of which torch has float32's
      if (zero !== undefined) expect(Math.hypot(...gradient.subarray(...zero))).toBeLessThan(1e-14 * scale);
      if (zero?.[0] !== 0) expect([parameter, relativeError(gradient, data)]).toEqual([parameter, expect.closeTo(0, 5)]);
    }
  });
});

describe.each(TRAINED)('%s', (name) => {
  test('ten AdamW steps: losses and norms', async () => {
    const { batches, adamw } = await readGolden(dirOf(name));
    const model = new ReferenceModel(await loadCheckpoint(dirOf(name)));
    const optimizer = new AdamW(model.parameters, {
      betas: adamw.betas,
      epsilon: adamw.eps,
      weightDecay: adamw.weight_decay,
      clip: adamw.max_grad_norm,
    });
    const losses: number[] = [];
    const norms = adamw.losses.map((_, step) => {
      losses.push(meanLoss(model, batches[step % 2]));
      return optimizer.step(adamw.lr);
    });
    expect(relativeError(losses, adamw.losses)).toBeLessThan(1e-5);
    expect(relativeError(norms, adamw.grad_norms)).toBeLessThan(1e-4);
  });
});

test('a model that is not tiny is refused, and one of an architecture that it does not know', async () => {
  const { config, weights } = await loadCheckpoint(dirOf('gpt2'));
  expect(() => new ReferenceModel({ config: { ...config, vocabularySize: 1_000_000 }, weights })).toThrow(
    /the engine reference is for tiny models, of 2000000 parameters at most, and this one has 64\d+; use another engine/,
  );
  const other = await loadCheckpoint(dirOf('gpt-neo'));
  expect(() => new ReferenceModel(other)).toThrow(
    'the engine reference knows no architecture gpt_neo; it has opt, gpt2, llama, mistral, qwen2',
  );
});
