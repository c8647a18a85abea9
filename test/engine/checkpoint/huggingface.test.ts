/** Hugging Face folders: round trip, naming variants, shards, and refusal of what is not supported. */
import { cp, mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadCheckpoint, saveCheckpoint, type Checkpoint } from '../../../engine/checkpoint/huggingface.js';
import { quantizeCheckpoint } from '../../../engine/checkpoint/quantize.js';
import { readSafetensors, writeSafetensors, type Weights } from '../../../engine/checkpoint/safetensors.js';
import { OTHER_MODELS } from '../../support/golden.js';

const SOURCE = 'test/golden/lm/opt-odd-gelu';
let root: string;
let count = 0;
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'checkpoint-'))));
afterAll(() => rm(root, { recursive: true }));

/** A copy of the source folder with another config and other weights. */
async function variant(
  config: Record<string, unknown> = {},
  rename: (weights: Weights) => Weights = (weights) => weights,
): Promise<string> {
  const dir = join(root, String(count++));
  await cp(SOURCE, dir, { recursive: true });
  const json = JSON.parse(await readFile(join(SOURCE, 'config.json'), 'utf8')) as Record<string, unknown>;
  await writeFile(join(dir, 'config.json'), JSON.stringify({ ...json, ...config }));
  await writeSafetensors(join(dir, 'model.safetensors'), rename(await readSafetensors(join(SOURCE, 'model.safetensors'))));
  return dir;
}

function expectSameWeights(actual: Checkpoint, expected: Checkpoint): void {
  expect([...actual.weights.keys()]).toEqual([...expected.weights.keys()]);
  for (const [name, { data }] of expected.weights)
    expect(Buffer.compare(Buffer.from(actual.weights.get(name)!.data.buffer), Buffer.from(data.buffer))).toBe(0);
}

describe('saveCheckpoint', () => {
  test.each(['opt-pre-ln', 'opt-post-ln-proj', 'opt-odd-untied', ...OTHER_MODELS])(
    '%s: what is exported loads back bit-equal, config included',
    async (name) => {
      const original = await loadCheckpoint(`test/golden/lm/${name}`);
      const dir = await mkdtemp(join(root, 'export-'));
      await saveCheckpoint(dir, original);
      const again = await loadCheckpoint(dir);
      expectSameWeights(again, original);
      expect(again.config).toEqual(original.config);
      expect(again.generationConfig).toEqual(original.generationConfig);
      const names = async (folder: string): Promise<string[]> =>
        [...(await readSafetensors(join(folder, 'model.safetensors'))).keys()].sort();
      expect(await names(dir)).toEqual(await names(`test/golden/lm/${name}`));
    },
  );

  test.each([
    [undefined, undefined],
    [{}, undefined],
    [{ temperature: 0.5 }, { temperature: 0.5, bos_token_id: 2, eos_token_id: 2, pad_token_id: 1 }],
    [
      { eos_token_id: [2, 5], pad_token_id: null },
      { eos_token_id: [2, 5], bos_token_id: 2, pad_token_id: null },
    ],
  ])('generation_config.json %j is written as %j, which transformers takes as we do', async (given, written) => {
    const from = await variant();
    const file = join(from, 'generation_config.json');
    await rm(file);
    if (given !== undefined) await writeFile(file, JSON.stringify(given));
    const [out, quantised] = [await mkdtemp(join(root, 'out-')), await mkdtemp(join(root, 'out-'))];
    await saveCheckpoint(out, await loadCheckpoint(from));
    await quantizeCheckpoint(from, quantised, '8bit');
    for (const dir of [out, quantised]) {
      const text = await readFile(join(dir, 'generation_config.json'), 'utf8').catch(() => undefined);
      expect(text && (JSON.parse(text) as unknown)).toEqual(written);
    }
  });

  test('a model loaded from half precision is exported as the float32 that it is', async () => {
    const original = await loadCheckpoint(await variant({ dtype: 'float16', torch_dtype: 'float16' }));
    const dir = await mkdtemp(join(root, 'half-'));
    await saveCheckpoint(dir, original);
    expect(JSON.parse(await readFile(join(dir, 'config.json'), 'utf8'))).toMatchObject({ dtype: 'float32' });
    expect(await readFile(join(dir, 'config.json'), 'utf8')).not.toContain('torch_dtype');
  });
});

describe('loadCheckpoint', () => {
  test('names without `model.` and with the tied head stored again are the same model', async () => {
    const bare = await variant(
      {},
      (weights) => new Map([...weights].map(([name, tensor]) => [name.replace(/^model\./, ''), tensor])),
    );
    const doubled = await variant(
      {},
      (weights) => new Map([...weights, ['lm_head.weight', weights.get('model.decoder.embed_tokens.weight')!]]),
    );
    for (const dir of [bare, doubled]) expectSameWeights(await loadCheckpoint(dir), await loadCheckpoint(SOURCE));
  });

  test('shards under an index are one model', async () => {
    const dir = await variant();
    const weights = [...(await readSafetensors(join(dir, 'model.safetensors')))];
    await unlink(join(dir, 'model.safetensors'));
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    await writeSafetensors(join(dir, shards[0]), new Map(weights.slice(0, 9)));
    await writeSafetensors(join(dir, shards[1]), new Map(weights.slice(9)));
    const index = (map: Record<string, string>): Promise<void> =>
      writeFile(join(dir, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: map }));
    await index(Object.fromEntries(weights.map(([name], i) => [name, shards[i < 9 ? 0 : 1]])));
    expectSameWeights(await loadCheckpoint(dir), await loadCheckpoint(SOURCE));
    // A tensor that lies in both is the one that the index names; where it names neither, nobody knows.
    const [[first, tensor]] = weights;
    const other = { shape: tensor.shape, data: tensor.data.map((x) => x + 1) };
    await writeSafetensors(join(dir, shards[1]), new Map([...weights.slice(9), [first, other]]));
    expectSameWeights(await loadCheckpoint(dir), await loadCheckpoint(SOURCE));
    await index(Object.fromEntries(weights.slice(1).map(([name], i) => [name, shards[i < 8 ? 0 : 1]])));
    await expect(loadCheckpoint(dir)).rejects.toThrow(/which another shard holds too, and the index names neither/);
    await index({ a: '../../../etc/model.safetensors' });
    await expect(loadCheckpoint(dir)).rejects.toMatchObject({
      kind: 'verification',
      message: expect.stringContaining('etc/model'),
    });
  });

  test.each([
    [{ model_type: 'mamba' }, /model_type "mamba" is not supported; known: opt, gpt2, llama, mistral, qwen2/],
    [{ model_type: undefined }, /model_type is missing/],
    [{ activation_function: 'quick_gelu' }, /activation_function is supported as .* only, not "quick_gelu"/],
    [{ hidden_size: 31 }, /not divisible/],
    [{ hidden_size: '30' }, /hidden_size must be a positive integer, not "30"/],
    [{ layer_norm_elementwise_affine: false }, /layer_norm_elementwise_affine/],
    [{ do_layer_norm_before: 'yes' }, /do_layer_norm_before must be true or false/],
  ])('%j is refused by name', async (config, message) => {
    await expect(variant(config).then(loadCheckpoint)).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringMatching(message),
    });
  });

  test('weights that do not fit the config are refused by name', async () => {
    const lacking = variant({}, (weights) => (weights.delete('model.decoder.layers.1.fc1.bias'), weights));
    await expect(lacking.then(loadCheckpoint)).rejects.toThrow(/lacks the weight model.decoder.layers.1.fc1.bias/);
    const extra = variant({}, (weights) => weights.set('model.decoder.extra', { shape: [1], data: Float32Array.of(1) }));
    await expect(extra.then(loadCheckpoint)).rejects.toThrow(/holds the weight model.decoder.extra/);
    await expect(variant({ ffn_dim: 50 }).then(loadCheckpoint)).rejects.toThrow(
      /fc1.weight has shape \(52, 30\), config.json asks for \(50, 30\)/,
    );
    const twice = variant({}, (weights) =>
      weights.set('decoder.embed_tokens.weight', weights.get('model.decoder.embed_tokens.weight')!),
    );
    await expect(twice.then(loadCheckpoint)).rejects.toThrow(/under two names/);
  });

  test('missing and damaged files', async () => {
    await expect(loadCheckpoint(join(root, 'nowhere'))).rejects.toMatchObject({ kind: 'notFound' });
    const dir = await variant();
    await writeFile(join(dir, 'config.json'), '{"model_type":');
    await expect(loadCheckpoint(dir)).rejects.toMatchObject({
      kind: 'verification',
      message: expect.stringContaining('config.json'),
    });
    const empty = await variant();
    await unlink(join(empty, 'model.safetensors'));
    await expect(loadCheckpoint(empty)).rejects.toMatchObject({
      kind: 'notFound',
      message: expect.stringContaining('export the model as safetensors'),
    });
  });
});
