/** Outputs that are written into the caller's arrays; constants that stay in files. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

test('constants in files of two folders, behind other bytes, beside one without a file', async () => {
  const folders = await Promise.all(['a-', 'b-'].map((name) => mkdtemp(join(tmpdir(), `habsburg-session-test-${name}`))));
  try {
    const numbers = (from: number): Float32Array => Float32Array.from({ length: 512 }, (_, i) => from + i);
    const g = new Graph();
    const x = g.input('x', 'float32', [512]);
    let sum = g.mul(x, g.constant('float32', [512], numbers(1)));
    for (const [i, folder] of folders.entries()) {
      const path = join(folder, 'weights.bin');
      await writeFile(path, new Uint8Array([...Array(64 * i).keys(), ...new Uint8Array(numbers(1000 * (i + 1)).buffer)]));
      sum = g.add(sum, g.mapped('float32', [512], { path, offset: 64 * i }));
    }
    g.output('sum', sum);
    const session = await Session.create(g, { threads: 1, mapConstants: true });
    const { sum: result } = await session.run({ x: float32(new Float32Array(512).fill(2), [512]) }, ['sum']);
    expect(result.data).toEqual(Float32Array.from({ length: 512 }, (_, i) => 2 * (1 + i) + (1000 + i) + (2000 + i)));
    await session.release();
  } finally {
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true })));
  }
});
