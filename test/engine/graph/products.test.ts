/** Weight gradients of wide matrices, which are computed by way of transposed factors, against plain sums. */
import { expect, test } from '@jest/globals';
import { CounterRng } from '../../../common/philox.js';
import { backward } from '../../../engine/graph/backward.js';
import { Graph } from '../../../engine/graph/graph.js';
import { transposedProduct } from '../../../engine/graph/products.js';
import { float32, int32, Session } from '../../../engine/session.js';
import { relativeError } from '../../support/numbers.js';

const rng = new CounterRng({ seed: 8, generation: 0, member: 'products', step: 'test' });
const draw = (n: number, lane: number): Float32Array => Float32Array.from({ length: n }, (_, i) => rng.normal(i, lane));

/** Aᵀ B of a (K, m) and b (K, n), row by row. */
function sums(a: Float32Array, b: Float32Array, m: number, n: number): Float64Array {
  const result = new Float64Array(m * n);
  for (let k = 0; k < a.length / m; k++)
    for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) result[i * n + j] += a[k * m + i] * b[k * n + j];
  return result;
}

test.each([
  [512, 600],
  [600, 512],
  [600, 512 - 1],
])('Aᵀ B of %i and %i columns', async (m, n) => {
  const g = new Graph();
  g.output('y', transposedProduct(g, g.input('a', 'float32', ['K', m]), g.input('b', 'float32', ['K', n]), 0.5));
  const session = await Session.create(g, { threads: 1 });
  const [a, b] = [draw(5 * m, 1), draw(5 * n, 2)];
  const { y } = await session.run({ a: float32(a, [5, m]), b: float32(b, [5, n]) }, ['y']);
  await session.release();
  expect(y.shape).toEqual([m, n]);
  const expected = sums(a, b, m, n).map((x) => x / 2);
  expect(relativeError(y.data as Float32Array, expected)).toBeLessThan(1e-6);
});

test('a wide table that is looked up and multiplied with gets both gradients', async () => {
  const [rows, width, tokens] = [600, 512, 4];
  const g = new Graph();
  const table = g.input('table', 'float32', [rows, width]);
  const x = g.input('x', 'float32', [tokens, width]);
  const y = g.op('Gemm', [g.mul(g.gather(table, g.input('ids', 'int32', [tokens])), x), table], { transB: true }); // (tokens, rows)
  const gradients = backward(g, [{ value: y, gradient: g.input('dy', 'float32', [tokens, rows]) }], [table]);
  g.output('d', gradients.get(table)!);
  const session = await Session.create(g, { threads: 2 });
  const [t, factors, dy] = [draw(rows * width, 3), draw(tokens * width, 4), draw(tokens * rows, 5)];
  const ids = [7, 599, 7, 0];
  const { d } = await session.run(
    {
      table: float32(t, [rows, width]),
      x: float32(factors, [tokens, width]),
      ids: int32(Int32Array.from(ids), [tokens]),
      dy: float32(dy, [tokens, rows]),
    },
    ['d'],
  );
  await session.release();

  // y = h Tᵀ with h = T[ids] · x: dT = dyᵀ h, and dh · x goes to the rows that were looked up, dh = dy T
  const h = factors.map((factor, i) => factor * t[ids[Math.floor(i / width)] * width + (i % width)]);
  const expected = sums(dy, h, rows, width);
  ids.forEach((id, token) => {
    for (let j = 0; j < width; j++) {
      let dh = 0;
      for (let row = 0; row < rows; row++) dh += dy[token * rows + row] * t[row * width + j];
      expected[id * width + j] += dh * factors[token * width + j];
    }
  });
  expect(relativeError(d.data as Float32Array, expected)).toBeLessThan(1e-5);
});
