/** Models as people have them, against transformers 5.17 (test/golden/checkpoints.json): odd configs, odd weights, odd names. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadCheckpoint, saveCheckpoint } from '../../../engine/checkpoint/huggingface.js';
import { readSafetensors, writeSafetensors, type NamedTensor, type Weights } from '../../../engine/checkpoint/safetensors.js';
import { scoreRows } from '../../../engine/score.js';
import { readCheckpoints, type OddModel } from '../../support/checkpoints.js';
import { decoding, generate } from '../../support/generation.js';

const golden = readCheckpoints();
const rows = golden.rows.map((row) => Int32Array.from(row));
let root: string;
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'odd-'))));
afterAll(() => rm(root, { recursive: true }));

const EMBEDDINGS: Readonly<Record<string, string>> = {
  gpt2: 'transformer.wte.weight',
  'opt-pre-ln': 'model.decoder.embed_tokens.weight',
};

/** What make_checkpoints.py does to a model's weights. */
function changed(weights: Weights, base: string, how: OddModel['weights'], config: { heads: number; keys: number }): Weights {
  const out = new Map(weights);
  const embedding = EMBEDDINGS[base] ?? 'model.embed_tokens.weight';
  const { shape, data } = weights.get(embedding)!;
  const [count, width] = shape;
  if (how === 'reversed head') {
    const reversed = Float32Array.from(data, (_, i) => data[(count - 1 - Math.floor(i / width)) * width + (i % width)]);
    out.set('lm_head.weight', { shape, data: reversed });
  }
  if (how === 'equal head' || how === 'head alone') out.set('lm_head.weight', { shape, data });
  if (how === 'head alone') out.delete(embedding);
  if (how === 'value head') {
    out.set('v_head.summary.weight', { shape: [1, width], data: new Float32Array(width).fill(1) });
    out.set('v_head.summary.bias', { shape: [1], data: new Float32Array(1) });
  }
  if (how === 'as many key heads')
    for (const [name, tensor] of weights) if (/\.[kv]_proj\./.test(name)) out.set(name, repeated(tensor, config));
  return out;
}

/** Each key head so often that there are as many as heads. */
function repeated({ shape, data }: NamedTensor, { heads, keys }: { heads: number; keys: number }): NamedTensor {
  const size = data.length / keys;
  const times = heads / keys;
  const out = new Float32Array(size * heads);
  for (let head = 0; head < heads; head++) out.set(data.subarray(Math.floor(head / times) * size).subarray(0, size), head * size);
  return { shape: [(shape[0] / keys) * heads, ...shape.slice(1)], data: out };
}

async function variant({ base, config, weights }: Pick<OddModel, 'base' | 'config' | 'weights'>): Promise<string> {
  const dir = await mkdtemp(join(root, 'model-'));
  const source = `test/golden/lm/${base}`;
  const json = JSON.parse(await readFile(join(source, 'config.json'), 'utf8')) as Record<string, unknown>;
  const gone = base === 'gpt2' ? Object.keys(config).filter((name) => config[name] === null) : [];
  const all = Object.entries({ ...json, ...config }).filter(([name]) => !gone.includes(name));
  await writeFile(join(dir, 'config.json'), JSON.stringify(Object.fromEntries(all)));
  const heads = { heads: Number(json.num_attention_heads), keys: Number(json.num_key_value_heads) };
  const read = await readSafetensors(join(source, 'model.safetensors'));
  await writeSafetensors(join(dir, 'model.safetensors'), changed(read, base, weights, heads));
  return dir;
}

async function expectLikelihoods(dir: string, nll: readonly number[]): Promise<void> {
  for (const frozen of [false, true]) {
    const scores = await scoreRows({ model: await loadCheckpoint(dir, { frozen }), rows, threads: 1 });
    scores.forEach(({ nllSum }, i) => expect(nllSum / nll[i]).toBeCloseTo(1, 5));
  }
}

describe('log-likelihoods are those that transformers finds', () => {
  test.each(golden.models.map((model) => [model.base, model.name, model] as const))('%s: %s', async (_, __, model) => {
    const dir = await variant(model);
    await expectLikelihoods(dir, model.nll);
    // What is written says the same, by the same rules.
    const out = await mkdtemp(join(root, 'out-'));
    await saveCheckpoint(out, await loadCheckpoint(dir));
    await expectLikelihoods(out, model.nll);
  });

  test('Infinity and NaN in config.json, as Python writes them, and a field of that name', async () => {
    const base = 'llama-gqa';
    const dir = await variant({ base, config: {}, weights: null });
    const text = await readFile(join(dir, 'config.json'), 'utf8');
    await writeFile(join(dir, 'config.json'), text.replace('{', '{"NaN \\" cap": NaN, "some_cap": -Infinity, '));
    const plain = await scoreRows({ model: await loadCheckpoint(`test/golden/lm/${base}`), rows, threads: 1 });
    const model = await loadCheckpoint(dir);
    expect(await scoreRows({ model, rows, threads: 1 })).toEqual(plain);
    expect(model.config.json).toMatchObject({ 'NaN " cap': { __float__: 'NaN' }, some_cap: { __float__: '-Infinity' } });
    await writeFile(join(dir, 'config.json'), text.replace(/"rms_norm_eps": ?[^,]+/, '"rms_norm_eps": NaN'));
    await expect(loadCheckpoint(dir)).rejects.toThrow(/rms_norm_eps must be a number/);
  });
});

test.each(golden.last_position.map((last) => [last.base, last] as const))(
  '%s: the last new token needs no position',
  async (_, { base, prompt, new_tokens }) => {
    const model = await loadCheckpoint(`test/golden/lm/${base}`, { frozen: true });
    const write = async (maxNewTokens: number, beams = 1): Promise<number[]> => {
      const strategy = beams > 1 ? 'beam' : 'greedy';
      const [row] = await generate(model, [prompt], decoding({ maxNewTokens, beams, strategy }));
      return row;
    };
    expect(await write(10)).toEqual(new_tokens);
    expect(await write(10, 3)).toHaveLength(10);
    await expect(write(11)).rejects.toThrow(/119 tokens and 11 new ones exceed the model's 128 positions/);
  },
);

test('positions beyond all memory cost nothing as long as nobody asks for them', async () => {
  const config = { max_position_embeddings: 2 ** 31 - 1 };
  const model = await loadCheckpoint(await variant({ base: 'llama-gqa', config, weights: null }));
  const plain = await loadCheckpoint('test/golden/lm/llama-gqa');
  for (const settings of [decoding({}), decoding({ promptLookupNumTokens: 4 })])
    expect(await generate(model, [[5, 6, 5, 6, 5]], settings)).toEqual(await generate(plain, [[5, 6, 5, 6, 5]], settings));
});

describe('refused by name', () => {
  const longrope = { rope_type: 'longrope', short_factor: Array(8).fill(1), long_factor: Array(8).fill(2) };
  test.each([
    [
      'llama-gqa',
      { rope_parameters: { full_attention: { rope_type: 'default' } } },
      /rope_parameters\.full_attention gives a kind of layer/,
    ],
    ['llama-gqa', { rope_scaling: [4] }, /rope_scaling must be an object/],
    ['llama-gqa', { rope_scaling: { type: 'mrope' } }, /type is supported as default, linear, proportional, .* not "mrope"/],
    ['llama-gqa', { rope_scaling: { type: 'linear' } }, /rope_scaling\.factor must be a number/],
    [
      'llama-gqa',
      { rope_scaling: { ...longrope, original_max_position_embeddings: 64 } },
      /long_factor beyond 64 of 128 positions/,
    ],
    ['llama-gqa', { rope_scaling: { ...longrope, short_factor: [1] } }, /short_factor must be a list of 8 numbers/],
    [
      'llama-gqa',
      { partial_rotary_factor: 0.5 },
      /partial_rotary_factor is supported as 1 only under rope_type default, not 0\.5/,
    ],
    ['llama-gqa', { head_dim: 8e12 }, /head_dim must be below 2147483648/],
    ['llama-gqa', { head_dim: 2 ** 30 }, /a head of 1073741824 numbers cannot be rotated/],
    ['llama-gqa', { pad_token_id: 336 }, /pad_token_id must be a token id from 0 to 335, or null/],
    ['opt-pre-ln', { pad_token_id: -337 }, /pad_token_id must be a token id/],
  ])('%s with %j', async (base, config, message) => {
    await expect(variant({ base, config, weights: null }).then(loadCheckpoint)).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringMatching(message),
    });
  });

  test.each([10 ** 7, 2 ** 31 - 1, 2e12])('%d layers, at once', async (num_hidden_layers) => {
    const began = performance.now();
    await expect(
      variant({ base: 'llama-gqa', config: { num_hidden_layers }, weights: null }).then(loadCheckpoint),
    ).rejects.toThrow(
      num_hidden_layers > 2 ** 31 ? /num_hidden_layers must be below/ : /asks for \d+ layers, its weights are 21 tensors in all/,
    );
    expect(performance.now() - began).toBeLessThan(2000);
  });

  test('what is no folder of a model', async () => {
    const dir = await variant({ base: 'llama-gqa', config: {}, weights: null });
    const refused = (path: string, kind: string, message: RegExp): Promise<void> =>
      expect(loadCheckpoint(path)).rejects.toMatchObject({ kind, message: expect.stringMatching(message) });
    await refused(join(dir, 'model.safetensors'), 'invalid', /is a file; a model is given as the folder/);
    await refused('owner/name', 'notFound', /fetch a repository of the Hub first/);
    await refused('hf://owner/name', 'notFound', /name it in an experiment/);
    await cp('test/golden/lm/llama-gqa/lora-initial', join(root, 'adapter'), { recursive: true });
    await refused(join(root, 'adapter'), 'notFound', /holds an adapter and no model/);
    await mkdir(join(root, 'quants'));
    await cp('test/golden/gguf/llama.gguf', join(root, 'quants', 'q8.gguf'));
    await refused(join(root, 'quants'), 'notFound', /give the GGUF file in it instead: .*q8\.gguf/);
    await writeFile(join(dir, 'model.safetensors'), 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n');
    await refused(dir, 'verification', /model\.safetensors is a Git LFS pointer, not the file itself/);
    await writeFile(join(dir, 'config.json'), 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n');
    await refused(dir, 'verification', /config\.json is a Git LFS pointer/);
    await rm(join(dir, 'config.json'));
    await mkdir(join(dir, 'config.json'));
    await refused(dir, 'invalid', /config\.json: this is a folder/);
  });
});

test('a GGUF file is one whatever its name', async () => {
  const model = await loadCheckpoint('test/golden/gguf/llama.gguf');
  for (const name of ['sha256-0123abcd', 'MODEL.GGUF']) {
    await cp('test/golden/gguf/llama.gguf', join(root, name));
    expect((await loadCheckpoint(join(root, name))).config).toEqual(model.config);
  }
});
