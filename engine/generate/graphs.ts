/**
 * The two graphs of generation. `prefillGraph` reads whole prompts and gives their keys and values; `stepGraph` adds `width` tokens
 * to each prompt: one to each of its beams, or a chain of them to its only sequence. They are the "time" of one batch row: they
 * share one cache of keys and values, and a mask says which entries are whose ancestors. So the prompt is stored once, and when
 * beams change places only the mask moves.
 */
import { frozenHook, type Lora } from '../adapters/lora.js';
import { Graph } from '../graph/graph.js';
import { rowsOf } from '../graph/rows.js';
import type { Value } from '../graph/types.js';
import { attend, attentionScores, attentionSum } from '../models/blocks.js';
import { causalMask, hiddenStates, outputLogits, sequenceInputs } from '../models/forward.js';
import type { DecoderConfig, Parameters } from '../models/types.js';
import { cachedScores, cachedSum, ownScores, ownSum } from './attention.js';
import type { Head, Layout } from './types.js';

export const keysName = (layer: number): string => `cache.keys.${layer}`;
export const valuesName = (layer: number): string => `cache.values.${layer}`;
export const newKeysName = (layer: number): string => `new.keys.${layer}`;
export const newValuesName = (layer: number): string => `new.values.${layer}`;

/** Names of a head's outputs. */
export function headOutputs(head: Head): string[] {
  return head.kind === 'all' ? ['scores'] : ['scores', 'candidates'];
}

/** logits (N, V) -> output `scores` (N, V), or `scores` and `candidates` (N, count) */
function addHead(g: Graph, logits: Value, head: Head): void {
  const scores = head.normalised ? g.op('LogSoftmax', [logits], { axis: -1 }) : logits;
  if (head.kind === 'all') return g.output('scores', scores);
  const [values, ids] = g.node('TopK', [scores, g.ints([head.count])], { axis: -1, largest: true, sorted: true });
  g.output('scores', values);
  g.output('candidates', g.op('Cast', [ids], { to: 'int32' }));
}

/**
 * Inputs: ids, positions (B, time), padded on the right; last (B) int32, the flat index of each prompt's last token.
 * Outputs: the head for the last tokens (B, ·); each layer's keys and values (B, keyHeads, time, headSize).
 */
export function prefillGraph(
  config: DecoderConfig,
  time: number,
  head: Head,
  parametersOf: (graph: Graph) => Parameters,
  adapter?: Lora,
): Graph {
  const g = new Graph();
  const parameters = parametersOf(g);
  const inputs = sequenceInputs(g, 'B', time);
  const hidden = hiddenStates(g, config, parameters, {
    ...inputs,
    adapt: frozenHook(g, adapter, 'inputs'),
    attend: (layer, queries, keys, values, alpha, softcap) => {
      g.output(newKeysName(layer), keys);
      g.output(newValuesName(layer), values);
      return attend(g, queries, keys, values, inputs.mask, alpha, softcap);
    },
  });
  const last = rowsOf(g, hidden, g.input('last', 'int32', ['B'])); // (B, headInput)
  addHead(g, outputLogits(g, config, parameters, last), head);
  return g;
}

/**
 * Inputs: ids, positions (B, width); mask (B, 1, width, S): which cache entries a token sees; each layer's cache
 * (B, keyHeads, S, headSize). Outputs: the head (B·width, ·); each layer's new keys and values (B, keyHeads, width, headSize).
 */
export function stepGraph(
  config: DecoderConfig,
  width: number,
  layout: Layout,
  head: Head,
  parametersOf: (graph: Graph) => Parameters,
  adapter?: Lora,
): Graph {
  const g = new Graph();
  const parameters = parametersOf(g);
  const mask = g.input('mask', 'float32', ['B', 1, width, 'S']);
  // Of the new tokens a beam's sees itself, a chain's those before it, too.
  const chained = layout === 'chain' && width > 1;
  const hidden = hiddenStates(g, config, parameters, {
    ids: g.input('ids', 'int32', ['B', width]),
    positions: g.input('positions', 'int32', ['B', width]),
    mask,
    adapt: frozenHook(g, adapter, 'constants'),
    attend: (layer, queries, keys, values, alpha, softcap) => {
      g.output(newKeysName(layer), keys);
      g.output(newValuesName(layer), values);
      const cached = [keys.shape[0], keys.shape[1], 'S', keys.shape[3]];
      const cachedKeys = g.input(keysName(layer), 'float32', cached);
      const cachedValues = g.input(valuesName(layer), 'float32', cached);
      // Cache and new token are attended to apart, so that the cache is never copied behind a Concat.
      const past = g.add(cachedScores(g, queries, cachedKeys, alpha, softcap), mask); // (B, H, width, S)
      const fresh = chained
        ? g.add(attentionScores(g, queries, keys, alpha, softcap), causalMask(g, width)) // (B, H, width, width)
        : ownScores(g, queries, keys, alpha, softcap); // (B, H, width, 1)
      const count = fresh.shape[3] as number;
      const weights = g.op('Softmax', [g.concat([past, fresh], -1)], { axis: -1 });
      const toPast = cachedSum(g, g.slice(weights, -1, 0, -count), cachedValues);
      const toFresh = g.slice(weights, -1, -count, 2 ** 31);
      return g.add(toPast, chained ? attentionSum(g, toFresh, values) : ownSum(g, toFresh, values));
    },
  });
  addHead(g, outputLogits(g, config, parameters, hidden), head);
  return g;
}
