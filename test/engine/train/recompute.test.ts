/** Layers computed again on the way back: the same gradients to the bit, and onnxruntime does compute them again, and late. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import ort from 'onnxruntime-node';
import { CounterRng } from '../../../common/philox.js';
import { initialLora } from '../../../engine/adapters/lora.js';
import type { Batch } from '../../../engine/batch.js';
import { loadCheckpoint, type Model } from '../../../engine/checkpoint/huggingface.js';
import type { Graph } from '../../../engine/graph/graph.js';
import { toOnnx } from '../../../engine/graph/onnx.js';
import { weightFeeds } from '../../../engine/models/weights.js';
import { float32, Session, type Tensor } from '../../../engine/session.js';
import { trainingGraph } from '../../../engine/train/graph.js';
import { goldenBatch, OPT_MODELS, OTHER_MODELS, readGolden } from '../../support/golden.js';

const rng = new CounterRng({ seed: 6, generation: 0, member: 'm', step: 'recompute' });

/** What a training graph is fed: weights, a batch, and masks of ones and twos for whatever is dropped. */
function feedsOf(graph: Graph, weights: Record<string, Tensor>, batch: Batch): Record<string, Tensor> {
  const tokens = batch.counted.length;
  const given: Record<string, Tensor> = {
    ...weights,
    ids: batch.ids,
    positions: batch.positions,
    targets: batch.targets,
    weights: float32(Float32Array.from(batch.counted), [tokens, 1]),
  };
  const tensor = (name: string, width: number): Tensor =>
    given[name] ??
    float32(
      Float32Array.from({ length: tokens * width }, (_, i) => (i % 3 === 0 ? 0 : 1.5)),
      [tokens, width],
    );
  return Object.fromEntries(graph.inputs.map(({ name, shape }) => [name, tensor(name, shape[1] as number)]));
}

async function gradients(model: Model, batch: Batch, lora: boolean, recompute: boolean): Promise<Record<string, Tensor>> {
  const plan = { rank: 3, alpha: 3, dropout: 0, targets: ['all-linear'] };
  const adapter = lora ? initialLora(model.config, plan, rng) : undefined;
  adapter?.weights.forEach(({ data }) => data.forEach((_, i) => (data[i] = 0.1 * rng.normal(i, 0))));
  const trainable = [...(adapter?.weights ?? model.weights).keys()];
  const options = { dropout: true, adapter, adapterDropout: lora, recompute };
  const graph = trainingGraph(model.config, batch.time, trainable, options);
  const weights = { ...weightFeeds(model.weights), ...weightFeeds(adapter?.weights ?? new Map()) };
  const session = await Session.create(graph, { threads: 1 });
  const results = await session.run(feedsOf(graph, weights, batch), graph.outputs.map(({ name }) => name)); // prettier-ignore
  await session.release();
  return results;
}

test.each([...OPT_MODELS, ...OTHER_MODELS])('%s: gradients are the same to the bit, dropout included', async (name) => {
  const dir = `test/golden/lm/${name}`;
  const model = await loadCheckpoint(dir);
  const batch = goldenBatch((await readGolden(dir)).batches[0]);
  for (const lora of [false, true]) {
    const kept = await gradients(model, batch, lora, false);
    const again = await gradients(model, batch, lora, true);
    for (const output of Object.keys(kept)) expect([output, again[output].data]).toEqual([output, kept[output].data]);
  }
});

/** Operators in the order in which onnxruntime ran them. */
async function order(graph: Graph, feeds: Record<string, Tensor>): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'profile-'));
  try {
    const session = await ort.InferenceSession.create(toOnnx(graph), {
      graphOptimizationLevel: 'all',
      intraOpNumThreads: 1,
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile'),
    });
    await session.run(Object.fromEntries(Object.entries(feeds).map(([name, { dtype, data, shape }]) => [name, new ort.Tensor(dtype as 'float32', data as Float32Array, shape)]))); // prettier-ignore
    session.endProfiling();
    const [file] = await readdir(folder);
    const events = JSON.parse(await readFile(join(folder, file), 'utf8')) as {
      name: string;
      cat: string;
      args?: { op_name?: string };
    }[];
    await session.release();
    return events.filter(({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time')).map(({ args }) => args!.op_name!);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('each layer’s norms run twice, the second time behind the loss', async () => {
  const dir = 'test/golden/lm/llama-gqa';
  const model = await loadCheckpoint(dir);
  const batch = goldenBatch((await readGolden(dir)).batches[0]);
  const run = async (recompute: boolean): Promise<{ norms: number; behindLoss: number }> => {
    const graph = trainingGraph(model.config, batch.time, [...model.weights.keys()], { recompute });
    const ops = await order(graph, feedsOf(graph, weightFeeds(model.weights), batch));
    // The loss has the only softmax over the vocabulary, the last one of the forward pass.
    const softmaxes = ops.flatMap((op, i) => (op === 'Softmax' ? [i] : []));
    const loss = softmaxes[model.config.layers];
    const isNorm = (op: string): boolean => /LayerNormalization/.test(op);
    return { norms: ops.filter(isNorm).length, behindLoss: ops.slice(loss).filter(isNorm).length };
  };
  const { layers } = model.config;
  expect(await run(false)).toEqual({ norms: 2 * layers + 1, behindLoss: 0 });
  expect(await run(true)).toEqual({ norms: 4 * layers + 1, behindLoss: 2 * layers });
});
