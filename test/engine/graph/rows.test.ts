/** Rows of a matrix, computed alone, are the rows of the whole matrix. */
import { describe, expect, test } from '@jest/globals';
import { loadCheckpoint } from '../../../engine/checkpoint/huggingface.js';
import { decoderGraph } from '../../../engine/generate/graph.js';
import { Graph } from '../../../engine/graph/graph.js';
import { rowsOf } from '../../../engine/graph/rows.js';
import type { Value } from '../../../engine/graph/types.js';
import { weightInputs } from '../../../engine/models/weights.js';
import { float32, int32, Session, type Tensor } from '../../../engine/session.js';
import { OPT_MODELS, OTHER_MODELS } from '../../support/golden.js';

const numbers = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.sin(i + 1));

async function run(g: Graph, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  const session = await Session.create(g, { threads: 1 });
  try {
    return await session.run(
      feeds,
      g.outputs.map(({ name }) => name),
    );
  } finally {
    await session.release();
  }
}

describe('rowsOf', () => {
  const build = (make: (g: Graph, x: Value) => Value): { g: Graph; whole: Value } => {
    const g = new Graph();
    return { g, whole: make(g, g.input('x', 'float32', ['B', 4])) };
  };
  const rowsComputed = (g: Graph, op: string): unknown[] =>
    g.nodes.filter((node) => node.op === op).map((node) => node.outputs[0].shape[0]);

  test('a value that is needed whole elsewhere is gathered, what follows it is narrowed', async () => {
    const weight = (g: Graph): Value => g.constant('float32', [4, 4], numbers(16));
    const { g, whole } = build((g, x) => {
      const inner = g.op('Gemm', [x, weight(g)], {});
      g.output('inner', g.reduceSum(inner, [0, 1]));
      return g.add(
        g.op('Relu', [g.op('Gemm', [inner, weight(g), g.constant('float32', [4], numbers(4))], { transB: true })], {}),
        x,
      );
    });
    const before = g.nodes.length;
    g.output('rows', rowsOf(g, whole, g.input('indices', 'int32', ['M'])));
    expect(rowsComputed(g, 'Gemm')).toEqual(['B', 'B', 'M']);
    g.output('whole', whole);
    const x = float32(numbers(20), [5, 4]);
    const outputs = await run(g, { x, indices: int32(Int32Array.of(3, 0), [2]) });
    const all = outputs.whole.data as Float32Array;
    expect(outputs.rows.data).toEqual(Float32Array.of(...all.subarray(12, 16), ...all.subarray(0, 4)));
    expect(g.nodes.length).toBeGreaterThan(before);
  });

  test('an operator that mixes rows is computed whole', () => {
    const { g, whole } = build((g, x) => g.op('Gemm', [g.op('Gemm', [x, x], { transA: true }), x], { transB: true }));
    rowsOf(g, whole, g.input('indices', 'int32', ['M']));
    expect(rowsComputed(g, 'Gemm')).toEqual([4, 4, 'M']);
  });
});

test.each([...OPT_MODELS, ...OTHER_MODELS])(
  '%s: behind the last attention, only the tokens that are asked for are computed',
  async (name) => {
    const { config } = await loadCheckpoint(`test/golden/lm/${name}`);
    const g = decoderGraph(config, [1], 'chain', { kind: 'all', normalised: false }, (graph) => weightInputs(graph, config));
    const products = g.nodes.filter(({ op, outputs }) => op === 'Gemm' && outputs[0].shape[0] === 'M');
    // The attention's output projection, the feed-forward's two or three, the head.
    expect(products.length).toBeGreaterThanOrEqual(4);
  },
);
