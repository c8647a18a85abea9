/** Branches: only the chosen one is computed, from whatever was made before it. */
import { describe, expect, test } from '@jest/globals';
import { Graph } from '../../../engine/graph/graph.js';
import type { Value } from '../../../engine/graph/types.js';
import { float32, int32, Session } from '../../../engine/session.js';

const is = (g: Graph, x: Value, n: number): Value => g.op('Equal', [x, g.constant('int32', [], Int32Array.of(n))], {});

describe('choose', () => {
  test('computes the branch whose condition holds; branches may lie in branches', async () => {
    const g = new Graph();
    const kind = g.input('kind', 'int32', []);
    const x = g.input('x', 'float32', ['N', 2]);
    const doubled = g.scale(x, 2);
    const [zero, one] = [is(g, kind, 0), is(g, kind, 1)];
    const weight = g.constant('float32', [2, 2], Float32Array.of(0, 1, 1, 0));
    const [y, rowSums] = g.choose(
      zero,
      () => [g.add(doubled, g.scalar(1)), g.reduceSum(doubled, [1], true)],
      () =>
        g.choose(
          one,
          () => [g.matmul(doubled, weight), g.scale(g.reduceSum(x, [1], true), 10)],
          () => [g.neg(x), g.reduceMax(x, [1], true)],
        ),
    );
    expect([y.shape, rowSums.shape]).toEqual([
      ['N', 2],
      ['N', 1],
    ]);
    g.output('y', g.scale(y, 0.5));
    g.output('rowSums', rowSums);
    const session = await Session.create(g, { threads: 1 });
    const run = async (n: number): Promise<number[][]> => {
      const feeds = { kind: int32(Int32Array.of(n), []), x: float32(Float32Array.of(1, 2, 3, 5), [2, 2]) };
      const outputs = await session.run(feeds, ['y', 'rowSums']);
      return [Array.from(outputs.y.data as Float32Array), Array.from(outputs.rowSums.data as Float32Array)];
    };
    expect(await run(0)).toEqual([[1.5, 2.5, 3.5, 5.5], [6, 16]]); // prettier-ignore
    expect(await run(1)).toEqual([[2, 1, 5, 3], [30, 80]]); // prettier-ignore
    expect(await run(2)).toEqual([[-0.5, -1, -1.5, -2.5], [2, 5]]); // prettier-ignore
    await session.release();
  });

  test('the branch that is not chosen costs nothing, not even its errors', async () => {
    const g = new Graph();
    const x = g.input('x', 'float32', ['N']);
    const count = g.input('count', 'int32', []);
    // Four numbers cannot be seen as three rows.
    const impossible = (): Value => g.op('View', [x, g.ints([3, -1])], { shape: [3, 'M'] });
    const [y] = g.choose(is(g, count, 3), () => [g.neg(impossible())], () => [g.neg(g.op('View', [x, g.ints([2, -1])], { shape: [2, 'M'] }))]); // prettier-ignore
    g.output('y', y);
    const session = await Session.create(g, { threads: 1 });
    const run = (n: number) =>
      session.run({ x: float32(Float32Array.of(1, 2, 3, 4), [4]), count: int32(Int32Array.of(n), []) }, ['y']);
    expect((await run(2)).y).toMatchObject({ shape: [2, 2], data: Float32Array.of(-1, -2, -3, -4) });
    await expect(run(3)).rejects.toThrow(/onnxruntime failed/);
    await session.release();
  });

  test('branches that do not fit together are refused', () => {
    const g = new Graph();
    const x = g.input('x', 'float32', ['N', 2]);
    const condition = is(g, g.input('kind', 'int32', []), 0);
    expect(() => g.choose(condition, () => [g.neg(x)], () => [g.reduceSum(x, [1])])).toThrow(
      'internal: If bool gives float32 of rank 2, else float32 of rank 1',
    ); // prettier-ignore
    expect(() => g.choose(condition, () => [g.neg(x)], () => [x])).toThrow('internal: a branch gives only what it makes itself'); // prettier-ignore
    expect(() => g.choose(x, () => [g.neg(x)], () => [g.neg(x)])).toThrow(/internal: If float32/); // prettier-ignore
    const before = g.nodes.length;
    g.output('y', g.neg(x));
    expect(g.nodes.length).toBe(before + 1);
  });
});
