/** Quantised checkpoints: rounding, what a GGUF file keeps, and whole models against the reference's log-likelihoods. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../../common/philox.js';
import { initialLora, loraB, stackLora, targetModules } from '../../../engine/adapters/lora.js';
import { dequantizeBlocks, ggmlBlocks, quantizeBlocks } from '../../../engine/checkpoint/blocks.js';
import { fromFloat16, toFloat16 } from '../../../engine/checkpoint/halfprecision.js';
import { asFloat32, loadCheckpoint, saveCheckpoint, withAdapter } from '../../../engine/checkpoint/huggingface.js';
import { quantizeCheckpoint, saveAdapted } from '../../../engine/checkpoint/quantize.js';
import { Decoder } from '../../../engine/generate/decoder.js';
import type { Model } from '../../../engine/index.js';
import { scoreRows } from '../../../engine/score.js';
import { fit } from '../../../engine/train/fit.js';
import { goldenRows, OTHER_MODELS, readGolden } from '../../support/golden.js';
import { relativeError } from '../../support/numbers.js';

const rng = new CounterRng({ seed: 4, generation: 0, member: 'm', step: 'quantize' });
let root: string;
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'quantize-'))));
afterAll(() => rm(root, { recursive: true }));

const quantized = async (from: string, precision: '8bit' | '4bit' | 'fp16'): Promise<string> => {
  const out = await mkdtemp(join(root, 'model-'));
  await quantizeCheckpoint(from, out, precision);
  return out;
};

test('half precision: every number comes back, and what lies between goes to the nearer one, ties to even', () => {
  const bits = Uint16Array.from({ length: 0x7c00 }, (_, i) => i);
  expect(toFloat16(fromFloat16(bits))).toEqual(bits);
  expect(toFloat16(fromFloat16(bits.map((b) => b | 0x8000)))).toEqual(bits.map((b) => b | 0x8000));
  const numbers = fromFloat16(bits);
  const between = (share: number): Float32Array =>
    Float32Array.from(numbers.subarray(1), (x, i) => numbers[i] + share * (x - numbers[i]));
  expect(toFloat16(between(0.5))).toEqual(Uint16Array.from({ length: bits.length - 1 }, (_, i) => i + (i & 1)));
  expect(toFloat16(between(0.49))).toEqual(bits.subarray(0, -1));
  expect(toFloat16(between(0.51))).toEqual(bits.subarray(1));
  expect(toFloat16(Float32Array.of(65519, 65520, -1e9, Infinity))).toEqual(Uint16Array.of(0x7bff, 0x7c00, 0xfc00, 0x7c00));
});

test.each([8, 4] as const)('%d bits round to the nearest of the block’s numbers', (bits) => {
  const data = Float32Array.from({ length: 32 * 50 }, (_, i) => rng.normal(i, 0));
  data.fill(0, 0, 32);
  const blocks = quantizeBlocks(data, bits);
  const back = dequantizeBlocks(blocks);
  data.forEach((x, i) => {
    const scale = Math.abs(blocks.scales[Math.floor(i / 32)]);
    // 4 bits reach from −8 to 7: what lies opposite the largest number may be cut
    expect(Math.abs(back[i] - x)).toBeLessThanOrEqual((bits === 8 ? 0.5 : 1) * scale * (1 + 1e-6));
  });
  expect(quantizeBlocks(back, bits).blocks).toEqual(blocks.blocks);
});

test.each(['Q8_0', 'Q4_0'])('%s blocks stand for the numbers that the gguf package reads', (name) => {
  const { types } = JSON.parse(readFileSync('test/golden/ggml.json', 'utf8')) as {
    types: Record<string, { bytes: string; values: string }>;
  };
  const expected = new Float32Array(new Uint8Array(Buffer.from(types[name].values, 'base64')).buffer);
  const blocks = ggmlBlocks(Buffer.from(types[name].bytes, 'base64'), name === 'Q8_0' ? 8 : 4);
  expect(dequantizeBlocks(blocks)).toEqual(expected);
});

/** Row by row nats. */
async function nll(model: Model, rows: readonly Int32Array[]): Promise<number[]> {
  return (await scoreRows({ model, rows, threads: 2 })).map(({ nllSum }) => nllSum);
}

describe.each(['opt-pre-ln', 'opt-odd-untied', ...OTHER_MODELS])('%s', (name) => {
  const dir = `test/golden/lm/${name}`;

  test.each([
    ['fp16', 1e-3],
    ['8bit', 5e-3],
    ['4bit', 0.1],
  ] as const)('%s: scores are those of the numbers stored, and near the checkpoint’s', async (precision, near) => {
    const { rows } = goldenRows((await readGolden(dir)).batches[0]);
    const model = await loadCheckpoint(await quantized(dir, precision));
    const scores = await nll(model, rows);
    expect(relativeError(scores, await nll(await asFloat32(model), rows))).toBeLessThan(1e-6);
    expect(relativeError(scores, await nll(await loadCheckpoint(dir), rows))).toBeLessThan(near);
  });

  test('in 8 bits, what is read and written scores as with the numbers stored, but for rounding layers’ inputs to 8 bits', async () => {
    const prompts = goldenRows((await readGolden(dir)).batches[0]).rows.map((row) => row.subarray(0, 8));
    const model = await loadCheckpoint(await quantized(dir, '8bit'));
    const logits = async (of: Model): Promise<number[]> => {
      const decoder = new Decoder(of, { layout: 'chain', width: 1, head: { kind: 'all', normalised: false } }, 1);
      const cache = decoder.emptyCache(1, prompts.length);
      const read = await decoder.read(cache, prompts);
      cache.reserve(
        prompts.map(() => Int32Array.of(0)),
        1,
      );
      const written = await decoder.write(
        cache,
        Int32Array.from(prompts, (_, i) => 3 + i),
        1,
      );
      await decoder.release();
      return [...read, ...written].flatMap(({ values }) => [...values]);
    };
    expect(relativeError(await logits(model), await logits(await asFloat32(model)))).toBeLessThan(0.05);
  });

  test('LoRA beside 8 bits: the same steps as beside their float32 numbers; saved, loaded, stacked', async () => {
    const { batches } = await readGolden(dir);
    const { rows } = goldenRows(batches[0]);
    const folder = await quantized(dir, '8bit');
    const model = await loadCheckpoint(folder);
    const targets = [...new Set(targetModules(model.config, ['all-linear']).map(({ name: n }) => n.split('.').at(-1)!))];
    const settings = {
      epochs: 3, batch: 2, accumulation: 1, learningRate: 1e-2, schedule: 'constant', minLearningRate: 0, scheduleUnit: 'step', warmup: 0,
      weightDecay: 0, betas: [0.9, 0.999], epsilon: 1e-8, clip: 1, dropout: 0, select: 'last',
      lora: { rank: 4, alpha: 8, dropout: 0, targets },
    } as const; // prettier-ignore
    const common = { train: rows, valid: [], settings, rng, threads: 2 };
    const { adapter } = await fit({ ...common, model });
    const { adapter: other } = await fit({ ...common, model: await asFloat32(model) });
    for (const [key, { data }] of adapter!.weights) expect(relativeError(data, other!.weights.get(key)!.data)).toBeLessThan(1e-3);

    const out = await mkdtemp(join(root, 'adapted-'));
    await saveAdapted(out, folder, model, adapter!, null);
    const adapted = await loadCheckpoint(out);
    const scores = await nll(adapted, rows);
    expect(relativeError(scores, await nll(model, rows))).toBeGreaterThan(1e-3);
    expect(relativeError(scores, await nll(await asFloat32(adapted), rows))).toBeLessThan(1e-5);

    // A second adapter on top of the first, which trains on what the first one left.
    const more = await fit({ ...common, model: adapted });
    const twice = withAdapter(adapted, more.adapter!);
    expect(twice.adapter!.rank).toBe(8);
    const merged = await mkdtemp(join(root, 'merged-'));
    await saveCheckpoint(merged, twice);
    expect(relativeError(await nll(twice, rows), await nll(await loadCheckpoint(merged), rows))).toBeLessThan(1e-5);
    expect((await nll(twice, rows)).reduce((a, b) => a + b)).toBeLessThan(scores.reduce((a, b) => a + b));
  });
});

test('adapters of different modules stack, with zeros where one has nothing', async () => {
  const { config } = await loadCheckpoint('test/golden/lm/llama-gqa');
  const plan = (targets: string[], rank: number): Parameters<typeof initialLora>[1] => ({
    rank,
    alpha: 2 * rank,
    dropout: 0,
    targets,
  });
  const [first, second] = [initialLora(config, plan(['q_proj'], 2), rng), initialLora(config, plan(['v_proj'], 3), rng)];
  for (const { weights } of [first, second])
    for (const { data } of weights.values()) data.forEach((_, i) => (data[i] ||= rng.normal(i, 9)));
  const { rank, weights } = stackLora(config, first, second);
  expect(rank).toBe(5);
  const b = weights.get(loraB('model.layers.0.self_attn.v_proj'))!;
  const own = second.weights.get(loraB('model.layers.0.self_attn.v_proj'))!;
  expect(Array.from(b.data.subarray(0, 5))).toEqual([0, 0, ...own.data.subarray(0, 3)].map((x) => 2 * x));
});

test('a float32 checkpoint whose weights are frozen is not read, and trains the same adapter', async () => {
  const dir = 'test/golden/lm/llama-gqa';
  const frozen = await loadCheckpoint(dir, { frozen: true });
  expect([...frozen.weights.keys()].every((key) => key.includes('norm'))).toBe(true);
  const { rows } = goldenRows((await readGolden(dir)).batches[0]);
  expect(relativeError(await nll(frozen, rows), await nll(await loadCheckpoint(dir), rows))).toBeLessThan(1e-6);
});

describe('a GGUF file', () => {
  test.each(['llama', 'qwen2', 'gpt2'])('%s in 8 bits: its Q8_0 tensors stay as they are', async (name) => {
    const file = `test/golden/gguf/${name}.gguf`;
    const { models } = JSON.parse(await readFile('test/golden/gguf/golden.json', 'utf8')) as {
      models: Record<string, { rows: number[][]; nll: number[] }>;
    };
    const model = await loadCheckpoint(await quantized(file, '8bit'));
    const whole = await asFloat32(model);
    const exact = [...(await loadCheckpoint(file)).weights].filter(([key, { data }]) => {
      const { data: kept } = whole.weights.get(key)!;
      return model.stored!.has(key) && kept.every((x, i) => x === data[i]);
    });
    expect(exact.length).toBeGreaterThan(0);
    const rows = models[name].rows.map((row) => Int32Array.from(row));
    expect(relativeError(await nll(model, rows), models[name].nll)).toBeLessThan(5e-3);
  });
});

describe('refusals', () => {
  test('weights quantised by others, quantised twice, damaged blocks, training all weights', async () => {
    const dir = 'test/golden/lm/llama-gqa';
    const folder = await quantized(dir, '8bit');
    await expect(quantizeCheckpoint(folder, root, '4bit')).rejects.toThrow(/is quantised already/);
    const model = await loadCheckpoint(folder);
    const { rows } = goldenRows((await readGolden(dir)).batches[0]);
    const settings = { epochs: 1, batch: 2, accumulation: 1, select: 'last' } as never;
    await expect(fit({ model, train: rows, valid: [], settings, rng, threads: 1 })).rejects.toThrow(
      /train a LoRA adapter beside them/,
    );

    const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, quantization_config: { quant_method: 'gptq' } }));
    await expect(loadCheckpoint(folder)).rejects.toThrow(/quant_method "gptq" is not supported/);
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, intermediate_size: 192 }));
    await expect(loadCheckpoint(folder)).rejects.toThrow(/down_proj\.weight|gate_proj\.weight/);
  });
});
