/** NF4 and LLM.int8() against bitsandbytes on the CPU (golden/bitsandbytes.json, by make_bitsandbytes.py), and in whole models. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DYNAMIC_LEVELS, NF4_LEVELS, llmInt8, nf4 } from '../../../engine/checkpoint/bitsandbytes.js';
import { asFloat32, loadCheckpoint } from '../../../engine/checkpoint/huggingface.js';
import { readStored } from '../../../engine/checkpoint/stored.js';
import { quantizeCheckpoint } from '../../../engine/checkpoint/quantize.js';
import type { Model } from '../../../engine/index.js';
import { architectureOf } from '../../../engine/models/index.js';
import { scoreRows } from '../../../engine/score.js';
import { goldenRows, readGolden } from '../../support/golden.js';
import { relativeError } from '../../support/numbers.js';

type Kind = 'nf4' | 'nf4-double' | 'llm-int8';
const golden = JSON.parse(readFileSync('test/engine/checkpoint/golden/bitsandbytes.json', 'utf8')) as {
  levels: number[];
  dynamic: number[];
  cases: Record<string, { columns: number; input?: number[] } & Record<Kind, number[]>>;
};
const of = (kind: Kind, data: Float32Array, columns: number): Float32Array =>
  kind === 'llm-int8' ? llmInt8(data, columns) : nf4(data, kind === 'nf4-double');

/** As make_bitsandbytes.py has it. */
const MANY = Float32Array.from({ length: 270 * 64 }, (_, i) => (((i * 7919) % 1009) - 504) / 256 * (1 + ((Math.floor(i / 64) * 37) % 101) / 16)); // prettier-ignore

test('levels are bitsandbytes’', () => {
  expect([...NF4_LEVELS]).toEqual(golden.levels);
  expect(DYNAMIC_LEVELS).toHaveLength(256);
  DYNAMIC_LEVELS.forEach((x, i) => expect(Math.abs(x - golden.dynamic[i])).toBeLessThanOrEqual(2e-7 * Math.abs(x)));
});

describe.each(Object.keys(golden.cases))('%s', (name) => {
  const { columns, input, ...kinds } = golden.cases[name];
  const data = input ? Float32Array.from(input) : MANY;

  test.each(['nf4', 'nf4-double', 'llm-int8'] as const)('%s: the numbers that bitsandbytes dequantises to', (kind) => {
    const found = of(kind, data, columns);
    const expected = kinds[kind];
    const largest = Math.max(...expected.map(Math.abs));
    const some = input ? [...found] : [...found].filter((_, i) => i % 61 === 0);
    expect(some).toHaveLength(expected.length);
    some.forEach((x, i) => expect(Math.abs(x - expected[i])).toBeLessThanOrEqual(1e-6 * largest));
  });
});

test('what lies between two levels goes to the nearer one, and what is nothing stays nothing', () => {
  const data = Float32Array.from({ length: 64 }, (_, i) => i / 63);
  nf4(data).forEach((x, i) => {
    const best = Math.min(...[...NF4_LEVELS].map((level) => Math.abs(level - data[i])));
    expect(Math.abs(x - data[i])).toBeLessThanOrEqual(best + 1e-7);
  });
  for (const kind of ['nf4', 'nf4-double', 'llm-int8'] as const) expect(of(kind, new Float32Array(128), 64)).toEqual(new Float32Array(128)); // prettier-ignore
});

describe('a checkpoint', () => {
  let root: string;
  beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'bitsandbytes-'))));
  afterAll(() => rm(root, { recursive: true }));

  // GPT-2 has its modules the other way round, (in, out)
  test.each([
    ['gpt2', 'nf4'],
    ['gpt2', 'llm-int8'],
    ['llama-gqa', 'nf4-double'],
  ] as const)(
    '%s as %s: linear modules are rounded as (out, in), all else stays, and all of it is frozen',
    async (name, kind) => {
      const from = `test/golden/lm/${name}`;
      const to = await mkdtemp(join(root, 'model-'));
      await quantizeCheckpoint(from, to, kind);
      const [whole, model] = [await loadCheckpoint(from), await loadCheckpoint(to)];
      const specs = architectureOf(whole.config.modelType).parameters(whole.config);
      let rounded = 0;
      for (const { name, shape, linear } of specs) {
        const left = model.stored!.get(name);
        const found = left ? await readStored(left) : model.weights.get(name)!.data;
        const { data } = whole.weights.get(name)!;
        if (linear === undefined) {
          expect(found).toEqual(data);
          continue;
        }
        rounded++;
        expect(left).toBeDefined();
        const [rows, columns] = shape;
        const turn = (x: Float32Array, r: number, c: number) =>
          Float32Array.from(x, (_, i) => x[(i % r) * c + Math.floor(i / r)]); // (r, c) -> (c, r)
        const expected = linear === 'in-out' ? turn(of(kind, turn(data, rows, columns), rows), columns, rows) : of(kind, data, columns); // prettier-ignore
        expect(found).toEqual(expected);
      }
      expect(rounded).toBeGreaterThan(4);
      const { rows } = goldenRows((await readGolden(from)).batches[0]);
      const nll = async (of: Model) => (await scoreRows({ model: of, rows, threads: 1 })).map(({ nllSum }) => nllSum);
      expect(relativeError(await nll(model), await nll(await asFloat32(model)))).toBeLessThan(1e-6);
      expect(await nll(model)).not.toEqual(await nll(whole));
      const json = JSON.parse(await readFile(join(to, 'config.json'), 'utf8')) as object;
      expect(json).toMatchObject({ quantization_config: { quant_method: 'habsburg-blocks', precision: kind } });
    },
  );
});
