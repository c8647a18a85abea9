/** Reads the reference values in test/golden/lm; made with torch 2.13 and transformers 5.17 (test/golden/README.md). */
import { readFile } from 'node:fs/promises';
import { makeBatch, type Batch } from '../../engine/batch.js';
import type { Model } from '../../engine/checkpoint/huggingface.js';
import { Graph } from '../../engine/graph/graph.js';
import { hiddenStates, outputLogits, sequenceInputs } from '../../engine/models/forward.js';
import { weightFeeds, weightInputs } from '../../engine/models/weights.js';
import { Session } from '../../engine/session.js';
import { relativeError } from './numbers.js';

export interface GoldenBatch {
  readonly input_ids: number[][];
  readonly attention_mask: number[][];
  readonly labels: number[][];
}
export interface Golden {
  readonly batches: readonly GoldenBatch[];
  readonly batch0: { readonly loss: number; readonly nll_sum_per_row: number[]; readonly token_count_per_row: number[] };
  readonly adamw: {
    readonly lr: number;
    readonly betas: [number, number];
    readonly eps: number;
    readonly weight_decay: number;
    readonly max_grad_norm: number;
    readonly losses: number[];
    readonly grad_norms: number[];
  };
  readonly lora?: GoldenLora;
}

export interface GoldenLora {
  readonly r: number;
  readonly alpha: number;
  readonly target_modules: string[];
  readonly lr: number;
  readonly losses: number[];
  readonly grad_norms: number[];
}

/** Every OPT folder in test/golden/lm. */
export const OPT_MODELS = ['opt-pre-ln', 'opt-post-ln-proj', 'opt-odd-gelu', 'opt-odd-untied', 'opt-odd-post'] as const;

/** A checkpoint of every other architecture. */
export const OTHER_MODELS = [
  'gpt2',
  'llama-gqa',
  'llama3-tied-ropescaling',
  'qwen2',
  'qwen3',
  'gemma2',
  'gemma3',
  'gpt-neox',
  'gpt-neo',
] as const;

/** A parameter whose gradient is zero but for rounding, wholly or in [from, to): keys' biases move no softmax over keys. */
export function keyBias(model: string, name: string, length: number): readonly [number, number] | undefined {
  if (name.endsWith('c_attn.bias')) return [length / 3, (2 * length) / 3];
  return model.startsWith('opt') && name.endsWith('k_proj.bias') ? [0, length] : undefined;
}

export async function readGolden(dir: string): Promise<Golden> {
  return JSON.parse(await readFile(`${dir}/golden.json`, 'utf8')) as Golden;
}

/** Ragged rows and their labels, the padding on the right cut off. */
export function goldenRows(batch: GoldenBatch): { rows: Int32Array[]; labels: Int32Array[] } {
  const cut = (lists: number[][]): Int32Array[] =>
    lists.map((list, b) => Int32Array.from(list.filter((_, t) => batch.attention_mask[b][t] === 1)));
  return { rows: cut(batch.input_ids), labels: cut(batch.labels) };
}

export function goldenBatch(batch: GoldenBatch): Batch {
  const { rows, labels } = goldenRows(batch);
  return makeBatch(rows, { labels });
}

/** Logits (B, T, V) of whole sequences, flat. */
export async function logitsOf({ config, weights }: Model, batch: Batch): Promise<Float32Array> {
  const graph = new Graph();
  const parameters = weightInputs(graph, config);
  const hidden = hiddenStates(graph, config, parameters, sequenceInputs(graph, 'B', batch.time));
  graph.output('logits', outputLogits(graph, config, parameters, hidden));
  const session = await Session.create(graph, { threads: 2 });
  const { logits } = await session.run({ ...weightFeeds(weights), ids: batch.ids, positions: batch.positions }, ['logits']);
  await session.release();
  return logits.data as Float32Array;
}

/** Relative error of a golden batch's logits, over what is no padding. */
export function logitsError(actual: Float32Array, expected: Float32Array, batch: GoldenBatch): number {
  const mask = batch.attention_mask.flat();
  const vocabulary = actual.length / mask.length;
  const valid = (_: number, i: number): boolean => mask[Math.floor(i / vocabulary)] === 1;
  return relativeError(actual.filter(valid), expected.filter(valid));
}
