/** LoRA against peft 0.21 (test/golden/lm/…/lora-*): ten steps from its starting values, merging, and its folder format. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../../common/philox.js';
import { initialLora, linearModules, loraA, loraB, mergeLora, targetModules, type Lora } from '../../../engine/adapters/lora.js';
import { loadCheckpoint } from '../../../engine/checkpoint/huggingface.js';
import { loadAdapter, saveAdapter } from '../../../engine/checkpoint/peft.js';
import { readSafetensors, writeSafetensors } from '../../../engine/checkpoint/safetensors.js';
import { trainingGraph } from '../../../engine/train/graph.js';
import { Trainer } from '../../../engine/train/trainer.js';
import { goldenBatch, goldenRows, logitsError, logitsOf, OTHER_MODELS, readGolden } from '../../support/golden.js';
import { relativeError } from '../../support/numbers.js';

const rng = new CounterRng({ seed: 2, generation: 0, member: 'm', step: 'lora' });
let root: string;
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'lora-'))));
afterAll(() => rm(root, { recursive: true }));

describe.each(['opt-pre-ln', 'opt-post-ln-proj', ...OTHER_MODELS])('%s', (name) => {
  const dir = `test/golden/lm/${name}`;

  test('ten AdamW steps equal the reference: losses, norms, adapter and logits', async () => {
    const model = await loadCheckpoint(dir);
    const start = new Map([...model.weights].map(([key, { data }]) => [key, data.slice()]));
    const { batches, adamw, ...golden } = await readGolden(dir);
    const lora = golden.lora!;
    const adapter = await loadAdapter(`${dir}/lora-initial`, model);
    const settings = { betas: adamw.betas, epsilon: adamw.eps, weightDecay: adamw.weight_decay, clip: adamw.max_grad_norm };
    const trainer = new Trainer(model, { ...settings, threads: 2, longest: 17, adapter });
    for (let step = 0; step < 10; step++) {
      const { rows, labels } = goldenRows(batches[step % 2]);
      const { nllSum, targetCount, gradientNorm } = await trainer.step([rows], lora.lr, [labels]);
      expect(Math.abs(nllSum / targetCount / lora.losses[step] - 1)).toBeLessThan(1e-5);
      expect(Math.abs(gradientNorm / lora.grad_norms[step] - 1)).toBeLessThan(1e-4);
    }
    await trainer.release();
    const expected = await readSafetensors(`${dir}/lora-10-steps/adapter_model.safetensors`);
    expect(trainer.optimizer.weights.size).toBe(expected.size);
    for (const [parameter, { data }] of trainer.optimizer.weights)
      expect([parameter, relativeError(data, expected.get(`base_model.model.${parameter}`)!.data) < 1e-4]).toEqual([
        parameter,
        true,
      ]);
    for (const [key, { data }] of model.weights) expect([key, data]).toEqual([key, start.get(key)]); // the base is frozen

    const logits = (await readSafetensors(`${dir}/lora-10-steps/logits.safetensors`)).get('logits')!.data;
    const trained = await loadAdapter(`${dir}/lora-10-steps`, model);
    expect(logitsError(await logitsOf(mergeLora(model, trained), goldenBatch(batches[0])), logits, batches[0])).toBeLessThan(
      1e-5,
    );
  });

  test('an adapter that is written reads back, and says what PEFT says', async () => {
    const model = await loadCheckpoint(dir);
    const { config } = model;
    const { lora } = await readGolden(dir);
    const adapter = await loadAdapter(`${dir}/lora-10-steps`, model);
    const folder = await mkdtemp(join(root, 'out-'));
    await saveAdapter(folder, config, adapter, { alpha: lora!.alpha, dropout: 0, targets: lora!.target_modules, base: null });
    expect(await loadAdapter(folder, model)).toEqual({ ...adapter, weights: expect.anything() });
    const file = 'adapter_model.safetensors';
    const values = async (path: string): Promise<unknown> =>
      [...(await readSafetensors(join(path, file)))].map(([key, { shape, data }]) => [key, shape, data]).sort();
    expect(await values(folder)).toEqual(await values(`${dir}/lora-10-steps`));
    const json = async (path: string): Promise<Record<string, unknown>> => {
      const content = JSON.parse(await readFile(join(path, 'adapter_config.json'), 'utf8')) as { target_modules: string[] };
      return { ...content, target_modules: content.target_modules.sort() }; // a set, in any order
    };
    expect(await json(`${dir}/lora-10-steps`)).toMatchObject(await json(folder));
  });
});

describe('the training graph', () => {
  test('gives the adapter’s gradients only, and takes a mask for every adapted module', async () => {
    const { config } = await loadCheckpoint('test/golden/lm/llama-gqa');
    const adapter = initialLora(config, { rank: 2, alpha: 4, dropout: 0.1, targets: ['all-linear'] }, rng);
    const graph = trainingGraph(config, 8, [...adapter.weights.keys()], { adapter, adapterDropout: true });
    expect(graph.outputs.map(({ name }) => name)).toEqual(['nll', ...[...adapter.weights.keys()].map((key) => `grad.${key}`)]);
    const masks = graph.inputs.filter(({ name }) => name.startsWith('adapter.dropout.'));
    expect(masks.map(({ shape }) => shape[1])).toEqual([64, 64, 64, 64, 64, 64, 160, 64, 64, 64, 64, 64, 64, 160]);
  });

  test('dropping the adapter’s inputs drops nothing else', async () => {
    // With B = 0 the adapter adds nothing, so the loss is that without it; B's gradient feels the masks.
    const model = await loadCheckpoint('test/golden/lm/llama-gqa');
    const { batches, batch0 } = await readGolden('test/golden/lm/llama-gqa');
    const { rows, labels } = goldenRows(batches[0]);
    const adapter = initialLora(model.config, { rank: 2, alpha: 4, dropout: 0.5, targets: ['q_proj'] }, rng);
    const settings = { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0, clip: 0, threads: 1, longest: 17 } as const;
    const gradients: Float32Array[] = [];
    for (const adapterDropout of [undefined, { rate: 0.5, rng }]) {
      const trainer = new Trainer(model, { ...settings, adapter, adapterDropout });
      const { nllSum, targetCount } = await trainer.step([rows], 0, [labels]);
      expect(Math.abs(nllSum / targetCount / batch0.loss - 1)).toBeLessThan(1e-6);
      gradients.push(trainer.optimizer.gradients.get(loraB('model.layers.0.self_attn.q_proj'))!.data.slice());
      await trainer.release();
    }
    expect(relativeError(gradients[1], gradients[0])).toBeGreaterThan(0.1);
  });
});

test('a fresh adapter: A uniform in ±1/sqrt(in), B zero', async () => {
  const { config } = await loadCheckpoint('test/golden/lm/gpt2');
  const { weights } = initialLora(config, { rank: 8, alpha: 8, dropout: 0, targets: ['c_fc'] }, rng);
  const a = weights.get(loraA('transformer.h.1.mlp.c_fc'))!;
  const b = weights.get(loraB('transformer.h.1.mlp.c_fc'))!;
  expect([a.shape, b.shape]).toEqual([[8, 64], [256, 8]]); // prettier-ignore
  const bound = 1 / 8;
  expect(Math.max(...a.data.map(Math.abs))).toBeLessThanOrEqual(bound);
  const variance = a.data.reduce((sum, x) => sum + x * x, 0) / a.data.length;
  expect(Math.abs(variance / (bound ** 2 / 3) - 1)).toBeLessThan(0.2); // five standard errors of 512 uniform squares are 20 %
  expect(new Set(b.data)).toEqual(new Set([0]));
});

describe('targets', () => {
  test('match as PEFT matches: last parts, whole names, all-linear', async () => {
    const { config } = await loadCheckpoint('test/golden/lm/llama-gqa');
    const names = (targets: string[]): string[] => targetModules(config, targets).map(({ name }) => name);
    expect(names(['v_proj', 'model.layers.1.mlp.up_proj'])).toEqual([
      'model.layers.0.self_attn.v_proj',
      'model.layers.1.self_attn.v_proj',
      'model.layers.1.mlp.up_proj',
    ]);
    expect(names(['all-linear'])).toEqual(linearModules(config).map(({ name }) => name));
    expect(() => names(['proj'])).toThrow(/LoRA target "proj" names no linear module of this llama model; it has q_proj, k_proj/);
  });
});

describe('an adapter is refused', () => {
  const dir = 'test/golden/lm/qwen2';
  const variant = async (change: Record<string, unknown>): Promise<string> => {
    const folder = await mkdtemp(join(root, 'bad-'));
    await cp(`${dir}/lora-initial`, folder, { recursive: true });
    const json = JSON.parse(await readFile(join(folder, 'adapter_config.json'), 'utf8')) as object;
    await writeFile(join(folder, 'adapter_config.json'), JSON.stringify({ ...json, ...change }));
    return folder;
  };

  test.each([
    [{ peft_type: 'IA3' }, 'invalid', /peft_type is supported as "LORA" only, not "IA3"/],
    [{ use_dora: true }, 'invalid', /use_dora is supported as false only/],
    [{ bias: 'all' }, 'invalid', /bias is supported as "none" only/],
    [{ modules_to_save: ['lm_head'] }, 'invalid', /modules_to_save is supported as null only/],
    [{ rank_pattern: { q_proj: 2 } }, 'invalid', /rank_pattern is not supported/],
    [
      { init_lora_weights: 'pissa_niter_4' },
      'invalid',
      /init_lora_weights "pissa_niter_4" changes the base model and is not supported: its start/,
    ],
    [{ init_lora_weights: 'corda' }, 'invalid', /init_lora_weights "corda" .* not supported: known are true, false, gaussian/],
    [{ init_lora_weights: 'loftq' }, 'invalid', /init_lora_weights "loftq" changes the base/],
    [{ init_lora_weights: 'Pissa' }, 'invalid', /init_lora_weights "Pissa"/],
    [{ kasa_config: { r: 2 } }, 'invalid', /kasa_config is supported as null only/],
    [{ use_new_thing: true }, 'invalid', /use_new_thing is not known, and may change what the adapter computes/],
    [{ layers_pattern: 'blocks' }, 'invalid', /layers_pattern is supported as "layers" or "h" only/],
    [{ exclude_modules: '.*q.*' }, 'invalid', /exclude_modules is supported as a list of names only/],
    [{ target_modules: ['k_proj'] }, 'verification', /no weights of the modules that its config names/],
    [{ r: 3 }, 'verification', /lora_A\.weight must have shape \(3, 16\) for this model, not \(4, 16\)/],
    [{ r: 'x' }, 'verification', /no valid r and lora_alpha/],
  ])('%j', async (change, kind, message) => {
    const model = await loadCheckpoint(dir);
    await expect(variant(change).then((folder) => loadAdapter(folder, model))).rejects.toMatchObject({
      kind,
      message: expect.stringMatching(message),
    });
  });

  test('with a tensor that belongs nowhere, or one missing', async () => {
    const model = await loadCheckpoint(dir);
    const folder = await variant({});
    const file = join(folder, 'adapter_model.safetensors');
    const weights = await readSafetensors(file);
    await writeSafetensors(file, new Map([...weights, ['base_model.model.lm_head.lora_A.weight', [...weights.values()][0]]]));
    await expect(loadAdapter(folder, model)).rejects.toThrow(/lm_head\.lora_A\.weight, which belongs to no linear module/);
    await writeSafetensors(file, new Map([...weights].slice(1)));
    await expect(loadAdapter(folder, model)).rejects.toThrow(/must have shape .* not missing/);
  });

  test('rank-stabilised scaling is alpha / sqrt(rank)', async () => {
    const model = await loadCheckpoint(dir);
    const { scale }: Lora = await loadAdapter(await variant({ use_rslora: true }), model);
    expect(scale).toBe(8 / Math.sqrt(4));
  });

  test('with another vocabulary, or of two adapters at once', async () => {
    const model = await loadCheckpoint(dir);
    const folder = await variant({ use_new_thing: null, another: false, third: [] });
    const file = join(folder, 'adapter_model.safetensors');
    const weights = await readSafetensors(file);
    const grown = { shape: [161, 16], data: new Float32Array(161 * 16) };
    await writeSafetensors(file, new Map([...weights, ['base_model.model.model.embed_tokens.weight', grown]]));
    await expect(loadAdapter(folder, model)).rejects.toThrow(
      /\(161, 16\), the model's \(160, 16\); the adapter is for a vocabulary/,
    );
    const [[name, tensor]] = weights;
    await writeSafetensors(file, new Map([...weights, [name.replace('.weight', '.second.weight'), tensor]]));
    await expect(loadAdapter(folder, model)).rejects.toThrow(/twice, of several adapters/);
  });
});
