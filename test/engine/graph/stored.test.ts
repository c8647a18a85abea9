/** Stored matrices against the float64 products of what they stand for: forward, the gradient through x, and rows of a table. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../../common/philox.js';
import { dequantizeBlocks, quantizeBlocks } from '../../../engine/checkpoint/blocks.js';
import { fromFloat16, toFloat16 } from '../../../engine/checkpoint/halfprecision.js';
import { transposed, type StoredWeight } from '../../../engine/checkpoint/stored.js';
import { backward } from '../../../engine/graph/backward.js';
import { Graph } from '../../../engine/graph/graph.js';
import { weightInputs } from '../../../engine/models/weights.js';
import { parseConfig } from '../../../engine/models/index.js';
import { float32, int32, Session } from '../../../engine/session.js';
import { relativeError } from '../../support/numbers.js';

const [OUT, IN, ROWS] = [48, 96, 5];
const rng = new CounterRng({ seed: 3, generation: 0, member: 'm', step: 'stored' });
const draw = (n: number, lane: number): Float32Array => Float32Array.from({ length: n }, (_, i) => rng.normal(i, lane));
let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'stored-'))));
afterAll(() => rm(folder, { recursive: true }));

/** A random (OUT, IN) matrix as it is stored, and what it then stands for. */
async function matrix(kind: 'fp16' | '8bit' | '4bit' | '8bit turned'): Promise<{ weight: StoredWeight; numbers: Float32Array }> {
  const data = draw(OUT * IN, 0);
  const path = join(folder, kind);
  const turned = kind === '8bit turned';
  const shape: [number, number] = turned ? [IN, OUT] : [OUT, IN];
  if (kind === 'fp16') {
    const halves = toFloat16(data);
    await writeFile(path, halves);
    return { weight: { shape, format: 'float16', turned, file: { path, offset: 0 } }, numbers: fromFloat16(halves) };
  }
  const blocks = quantizeBlocks(data, kind === '4bit' ? 4 : 8);
  await writeFile(path, Buffer.concat([blocks.blocks, new Uint8Array(blocks.scales.buffer)]));
  const scales = { path, offset: blocks.blocks.length };
  return {
    weight: { shape, format: 'blocks', turned, file: { path, offset: 0 }, bits: blocks.bits, scales },
    numbers: dequantizeBlocks(blocks),
  };
}

/** a (m, k) times b (k, n) in float64. */
function product(a: ArrayLike<number>, b: ArrayLike<number>, m: number, k: number, n: number): Float64Array {
  return Float64Array.from({ length: m * n }, (_, at) => {
    let sum = 0;
    for (let i = 0; i < k; i++) sum += a[Math.floor(at / n) * k + i] * b[i * n + (at % n)];
    return sum;
  });
}

/** A table's name in a model of OUT tokens of width IN: one that a graph may look up. */
const TABLE = 'model.embed_tokens.weight';
const config = parseConfig(
  { model_type: 'llama', vocab_size: OUT, hidden_size: IN, num_attention_heads: 2, num_hidden_layers: 1, intermediate_size: 8 },
  'test',
);

describe.each(['fp16', '8bit', '4bit', '8bit turned'] as const)('%s', (kind) => {
  test('x Wᵀ + b and the gradient for x', async () => {
    const { weight, numbers } = await matrix(kind);
    const g = new Graph();
    const x = g.input('x', 'float32', ['N', IN]);
    const w = weightInputs(g, config, new Map([[TABLE, weight]]))(TABLE);
    const bias = g.input('bias', 'float32', [OUT]);
    const y = g.op('Gemm', [x, w, bias], { transB: !weight.turned });
    const dy = g.input('dy', 'float32', ['N', OUT]);
    g.output('y', y);
    g.output('dx', backward(g, [{ value: y, gradient: dy }], [x]).get(x)!);
    const feeds = { x: draw(ROWS * IN, 1), dy: draw(ROWS * OUT, 2), bias: draw(OUT, 3) };
    const session = await Session.create(g, { threads: 1, prepack: false });
    const results = await session.run(
      { x: float32(feeds.x, [ROWS, IN]), dy: float32(feeds.dy, [ROWS, OUT]), bias: float32(feeds.bias, [OUT]) },
      ['y', 'dx'],
    );
    await session.release();
    const forward = product(feeds.x, transposed(numbers, OUT, IN), ROWS, IN, OUT).map((v, i) => v + feeds.bias[i % OUT]);
    expect(relativeError(results.y.data as Float32Array, forward)).toBeLessThan(1e-6);
    expect(relativeError(results.dx.data as Float32Array, product(feeds.dy, numbers, ROWS, OUT, IN))).toBeLessThan(1e-6);
  });
});

test.each(['fp16', '8bit'] as const)('rows of a table in %s', async (kind) => {
  const { weight, numbers } = await matrix(kind);
  const g = new Graph();
  const w = weightInputs(g, config, new Map([[TABLE, weight]]))(TABLE);
  g.output('rows', g.gather(w, g.input('ids', 'int32', ['N'])));
  const session = await Session.create(g, { threads: 1 });
  const ids = [7, 0, 47, 7];
  const { rows } = await session.run({ ids: int32(Int32Array.from(ids), [ids.length]) }, ['rows']);
  await session.release();
  expect(Array.from(rows.data as Float32Array)).toEqual(
    ids.flatMap((id) => Array.from(numbers.subarray(id * IN, (id + 1) * IN))),
  );
});

test('an operator that cannot take a stored matrix says so', async () => {
  const { weight } = await matrix('8bit');
  const g = new Graph();
  const w = weightInputs(g, config, new Map([[TABLE, weight]]))(TABLE);
  expect(() => g.add(w, w)).toThrow('internal: Add cannot take a stored matrix');
});
