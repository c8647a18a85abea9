/** Outputs that are written into the caller's arrays. */
import { describe, expect, test } from '@jest/globals';
import { Graph } from '../../engine/graph/graph.js';
import { float32, int32, Session, type Tensor } from '../../engine/session.js';

describe('outputs written into arrays', () => {
  const graph = (): Graph => {
    const g = new Graph();
    const table = g.input('table', 'float32', [1024, 1024]);
    g.output('doubled', g.scale(table, 2));
    g.output('row', g.gather(table, g.input('index', 'int32', [1])));
    return g;
  };
  const numbers = Float32Array.from({ length: 2 ** 20 }, (_, i) => i);
  const feeds = (index: number): Record<string, Tensor> => ({
    table: float32(numbers, [1024, 1024]),
    index: int32(Int32Array.of(index), [1]),
  });

  test('are the same, all of them or some, and not copied where all are', async () => {
    const session = await Session.create(graph(), { threads: 1 });
    const into = { doubled: float32(new Float32Array(2 ** 20), [1024, 1024]), row: float32(new Float32Array(1024), [1, 1024]) };
    const before = process.memoryUsage().arrayBuffers;
    const all = await session.run(feeds(3), ['doubled', 'row'], into);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
    expect(all).toEqual(into);
    expect(into.doubled.data).toEqual(numbers.map((x) => 2 * x));
    expect(into.row.data).toEqual(numbers.subarray(3 * 1024, 4 * 1024));
    const some = await session.run(feeds(5), ['doubled', 'row'], { doubled: into.doubled });
    expect(some.row.data).toEqual(numbers.subarray(5 * 1024, 6 * 1024));
    expect(some.doubled.data).toBe(into.doubled.data);
    await session.release();
  });

  test('an error of the run is one all the same', async () => {
    const session = await Session.create(graph(), { threads: 1 });
    const into = { doubled: float32(new Float32Array(2 ** 20), [1024, 1024]), row: float32(new Float32Array(1024), [1, 1024]) };
    await expect(session.run(feeds(1024), ['doubled', 'row'], into)).rejects.toThrow(/internal: onnxruntime failed.*Gather/);
    await session.release();
  });
});
