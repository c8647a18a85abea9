/** Shapes, symbolic sizes and the ONNX writer. */
import { describe, expect, test } from '@jest/globals';
import { sha256 } from '../../../common/canonical.js';
import { addDims, sizeOf } from '../../../engine/graph/dims.js';
import { Graph } from '../../../engine/graph/graph.js';
import { toOnnx } from '../../../engine/graph/onnx.js';
import { loadCheckpoint } from '../../../engine/checkpoint/huggingface.js';
import { float32, Session } from '../../../engine/session.js';
import { trainingGraph } from '../../../engine/train/graph.js';

describe('symbolic sizes', () => {
  test('have one spelling', () => {
    expect(sizeOf(['B', 64])).toBe('B*64');
    expect(sizeOf(['B*64', 16], 1024)).toBe('B');
    expect(sizeOf(['T', 'B', 2], 2)).toBe('B*T');
    expect(sizeOf(['B', 3], 2)).toBeUndefined();
    expect(addDims(['B*64', 'B*64'])).toBe('B*128');
    expect(sizeOf([addDims(['P', 1]), 4], 4)).toBe('P+1');
    expect(addDims([3, 4])).toBe(7);
    expect(sizeOf([], 1)).toBe(1);
  });
});

describe('shape inference', () => {
  const g = new Graph();
  const x = g.input('x', 'float32', ['B', 3, 4]);
  const y = g.input('y', 'float32', [5, 2]);

  test('follows ONNX', () => {
    expect(g.add(x, g.input('row', 'float32', [3, 1])).shape).toEqual(['B', 3, 4]);
    expect(g.reshape(x, [-1, 6]).shape).toEqual(['B*2', 6]);
    expect(g.concat([x, g.input('past', 'float32', ['B', 'P', 4])], 1).shape).toEqual(['B', 'P+3', 4]);
    expect(g.slice(x, 2, 1, -1).shape).toEqual(['B', 3, 2]);
    expect(g.op('TopK', [y, g.ints([1])], { axis: 1, largest: true, sorted: true }).shape).toEqual([5, 1]);
    expect(g.reduceSum(x, [-1], true).shape).toEqual(['B', 3, 1]);
  });

  test('refuses what does not fit, with both shapes', () => {
    expect(() => g.add(x, y)).toThrow('internal: cannot broadcast (B, 3, 4) with (5, 2)');
    expect(() => g.matmul(y, y)).toThrow(/FusedMatMul of \(5, 2\) and \(5, 2\): inner sizes differ/);
    expect(() => g.reshape(y, [3, -1])).toThrow(/cannot reshape \(5, 2\) to \(3, -1\)/);
    expect(() => g.op('Gemm', [x, y], {})).toThrow(/Gemm takes matrices/);
    expect(() => g.input('x', 'float32', [1])).toThrow(/two inputs are called x/);
  });
});

describe('toOnnx', () => {
  test('the same model gives the same bytes', async () => {
    const { config, weights } = await loadCheckpoint('test/golden/lm/opt-odd-gelu');
    const bytes = (): string => sha256(toOnnx(trainingGraph(config, 16, [...weights.keys()])));
    expect(bytes()).toBe(bytes());
  });

  test('an input, a constant or one value twice may be an output; what no output needs is left out', async () => {
    const g = new Graph();
    const x = g.input('x', 'float32', [2]);
    const doubled = g.scale(x, 2);
    g.reduceMax(doubled, [0]);
    g.output('same', x);
    g.output('two', g.scalar(2));
    g.output('a', doubled);
    g.output('b', doubled);
    expect(Buffer.from(toOnnx(g)).includes('ReduceMax')).toBe(false);
    const session = await Session.create(g, { threads: 1 });
    const out = await session.run({ x: float32(Float32Array.of(1, -3), [2]) }, ['same', 'two', 'a', 'b']);
    expect([...out.same.data]).toEqual([1, -3]);
    expect([...out.two.data]).toEqual([2]);
    expect([...out.a.data, ...out.b.data]).toEqual([2, -6, 2, -6]);
    await session.release();
  });
});
