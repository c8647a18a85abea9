/** Rotary angles against transformers 5.17 under every scaling (test/golden/rotary.json). */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Graph } from '../../../engine/graph/graph.js';
import { ConfigReader } from '../../../engine/models/config.js';
import { parseRotary, rotation } from '../../../engine/models/rotary.js';
import { float32, int32, Session } from '../../../engine/session.js';
import { relativeError } from '../../support/numbers.js';

const golden = JSON.parse(readFileSync('test/golden/rotary.json', 'utf8')) as {
  head_size: number;
  cases: {
    rope: Record<string, unknown>;
    max_position_embeddings: number;
    frequencies: number[];
    factor: number;
    positions: number[];
    cos: number[][];
    sin: number[][];
  }[];
};
const HEAD = golden.head_size;

describe.each(golden.cases)('$rope', ({ rope, max_position_embeddings, frequencies, factor, positions, cos, sin }) => {
  const read = (json: Record<string, unknown>): ReturnType<typeof parseRotary> =>
    parseRotary(new ConfigReader(json, 'config.json'), HEAD, max_position_embeddings);
  const rotary = read({ rope_parameters: rope });

  test('frequencies and factor', () => {
    expect(relativeError(rotary.frequencies, frequencies)).toBeLessThan(1e-7);
    expect(rotary.factor).toBeCloseTo(factor, 12);
  });

  test('the names of before transformers 5 mean the same', () => {
    const { rope_theta, rope_type: type, ...rest } = rope;
    expect(read({ rope_theta, rope_scaling: type === 'default' ? null : { type, ...rest } })).toEqual(rotary);
  });

  test('a rotated head shows the cosines and sines', async () => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [1, 1, 4, HEAD]);
    graph.output('y', rotation(graph, rotary, graph.input('positions', 'int32', [1, 4]), 64)(x));
    const session = await Session.create(graph, { threads: 1 });
    const ones = new Float32Array(4 * HEAD).fill(0).map((_, i) => (i % HEAD < HEAD / 2 ? 1 : 0)); // (1, 0) turned by a is (cos a, sin a)
    const { y } = await session.run({ x: float32(ones, [1, 1, 4, HEAD]), positions: int32(Int32Array.from(positions), [1, 4]) }, [
      'y',
    ]);
    await session.release();
    const expected = cos.flatMap((row, t) => [...row, ...sin[t]]);
    (y.data as Float32Array).forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(1e-5));
  });
});

test.each([
  [
    { rope_parameters: { rope_type: 'mrope' } },
    /rope_parameters\.rope_type is supported as default, linear, proportional, dynamic, longrope, llama3, yarn only, not "mrope"/,
  ],
  [{ rope_scaling: { type: 'mrope' } }, /rope_scaling\.type is supported as .* not "mrope"/],
  [{ rope_scaling: { type: 'linear' } }, /rope_scaling\.factor must be a number/],
  [
    { rope_parameters: { partial_rotary_factor: 0.5 } },
    /partial_rotary_factor is supported as 1 only under rope_type default, not 0\.5/,
  ],
])('%j is refused by name', (json, message) => {
  expect(() => parseRotary(new ConfigReader(json, 'config.json'), HEAD, 512)).toThrow(message);
});
