/**
 * The graph of generation. It reads whole prompts and gives their keys and values; or it adds `width` tokens to each prompt: one to
 * each of its beams, or a chain of them to its only sequence. These are the "time" of one batch row: they share one cache of keys and
 * values, and a mask says which entries are whose ancestors. So the prompt is stored once, and when beams change places only the mask
 * moves. Reading and writing differ in their attention alone, so they are branches of one graph, and share its packed weights.
 */
import { frozenHook, type Lora } from '../adapters/lora.js';
import { Graph } from '../graph/graph.js';
import { rowsOf } from '../graph/rows.js';
import type { Value } from '../graph/types.js';
import { attend, attentionScores, attentionSum, mergeHeads, toHeads, type AttentionOptions } from '../models/blocks.js';
import { causalMask, hiddenStates, outputLogits } from '../models/forward.js';
import type { DecoderConfig, Parameters } from '../models/types.js';
import { cachedScores, cachedSum, ownScores, ownSum } from './attention.js';
import type { Head, Layout } from './types.js';

export const keysName = (layer: number): string => `cache.keys.${layer}`;
export const valuesName = (layer: number): string => `cache.values.${layer}`;
/** Whether an input of the graph is a layer's cache. */
export const isCache = ({ name }: { readonly name: string }): boolean => name.startsWith('cache.');
/** What a prompt's tokens see, and what of the cache a new token sees; of layers that look back so many tokens only. */
export const causalName = (window?: number): string => (window === undefined ? 'causal' : `causal.${window}`);
export const maskName = (window?: number): string => (window === undefined ? 'mask' : `mask.${window}`);
export const newKeysName = (layer: number): string => `new.keys.${layer}`;
export const newValuesName = (layer: number): string => `new.values.${layer}`;

/** Names of a head's outputs. */
export function headOutputs(head: Head): string[] {
  return [...(head.kind === 'all' ? ['scores'] : ['scores', 'candidates']), TOTALS];
}

/** Sums of the logits, which say whether all are finite: TopK passes over NaN. */
export const TOTALS = 'totals';

/** logits (N, V) -> outputs `totals` (N), `scores` (N, V), or `scores` and `candidates` (N, count) */
function addHead(g: Graph, logits: Value, head: Head): void {
  g.output(TOTALS, g.reduceSum(logits, [-1]));
  const scores = head.normalised ? g.op('LogSoftmax', [logits], { axis: -1 }) : logits;
  if (head.kind === 'all') return g.output('scores', scores);
  const [values, ids] = g.node('TopK', [scores, g.ints([head.count])], { axis: -1, largest: true, sorted: true });
  g.output('scores', values);
  g.output('candidates', g.op('Cast', [ids], { to: 'int32' }));
}

/** What an attention gives: its context (N, heads·headSize), and each new token's keys and values (B, keyHeads, T, headSize). */
type Attended = readonly [context: Value, keys: Value, values: Value];
type Attention = (projected: readonly Value[], options: AttentionOptions, cache: LayerCache, masks: Masks) => Attended;

/** What a layer sees of a prompt (T, T), and of the cache (B, 1, T, S). */
interface Masks {
  readonly causal: Value;
  readonly cached: Value;
}

/** A layer's cache, keys and values (B, keyHeads, S, headSize). */
interface LayerCache {
  readonly keys: Value;
  readonly values: Value;
}

/**
 * Inputs, for T tokens of each prompt: ids, positions (B, T), where prompts are padded on the right; `width` (int32, one number): 0
 * while prompts are read, else T, one of `widths`; `last` (M): the flat indices of the tokens whose scores are wanted; `causal` (T, T):
 * what a prompt's tokens see; mask (B, 1, T, S): which cache entries a new token sees; both once more for each sliding window that is
 * shorter than the longest sequence; each layer's cache (B, keyHeads, S, headSize).
 * Outputs: the head for the tokens of `last` (M, ·); each layer's new keys and values (B, keyHeads, T, headSize).
 */
export function decoderGraph(
  config: DecoderConfig,
  widths: readonly number[],
  layout: Layout,
  head: Head,
  parametersOf: (graph: Graph) => Parameters,
  adapter?: Lora,
  positionCount = config.maxPositions,
): Graph {
  const g = new Graph();
  const width = g.input('width', 'int32', []);
  const ids = g.input('ids', 'int32', ['B', 'T']);
  const masks = new Map<number | undefined, Masks>();
  const masksOf = (window: number | undefined): Masks => {
    const seen = window === undefined || window >= positionCount ? undefined : window;
    const made = masks.get(seen) ?? {
      causal: g.input(causalName(seen), 'float32', ['T', 'T']),
      cached: g.input(maskName(seen), 'float32', ['B', 1, 'T', 'S']),
    };
    masks.set(seen, made);
    return made;
  };
  masksOf(undefined);
  const is = (n: number): Value => g.op('Equal', [width, g.constant('int32', [], Int32Array.of(n))], {});
  const branches = [
    { condition: is(0), attention: promptAttention(g, ids) },
    ...widths.map((n) => ({ condition: is(n), attention: stepAttention(g, n, layout) })),
  ];
  const parameters = parametersOf(g);
  const hidden = hiddenStates(g, config, parameters, {
    ids,
    positions: g.input('positions', 'int32', ['B', 'T']),
    positionCount,
    mask: (window) => masksOf(window).causal,
    adapt: frozenHook(g, adapter, 'constants'),
    attention: (projected, options) => {
      const { layer, heads, keyHeads = heads, headSize, window } = options;
      const cached = (name: string): Value => g.input(name, 'float32', ['B', keyHeads, 'S', headSize]);
      const cache = { keys: cached(keysName(layer)), values: cached(valuesName(layer)) };
      const choose = ([branch, ...others]: typeof branches): readonly Value[] => {
        const own = (): Attended => branch.attention(projected, options, cache, masksOf(window));
        return others.length === 0 ? own() : g.choose(branch.condition, own, () => choose(others));
      };
      const [context, keys, values] = choose(branches);
      g.output(newKeysName(layer), keys);
      g.output(newValuesName(layer), values);
      return context;
    },
  });
  const last = rowsOf(g, hidden, g.input('last', 'int32', ['M'])); // (M, headInput)
  addHead(g, outputLogits(g, config, parameters, last), head);
  return g;
}

/** Every token of a prompt sees those before it. */
function promptAttention(g: Graph, ids: Value): Attention {
  const sizes = g.op('Shape', [ids], {});
  return (projected, options, _cache, { causal }) => {
    const { heads, headSize, alpha = headSize ** -0.5, softcap } = options;
    const split = (x: Value, count: number): Value => {
      const shape = ['B', 'T', count, headSize];
      return g.transpose(g.op('View', [x, g.concat([sizes, g.ints([count, headSize])], 0)], { shape }), [0, 2, 1, 3]);
    };
    const [queries, keys, values] = toHeads(projected, options, split);
    const context = attend(g, queries, keys, values, causal, alpha, softcap);
    return [mergeHeads(g, context, heads * headSize), keys, values];
  };
}

/** Of the cache, new tokens see what the mask says; of the new ones, a beam's sees itself, a chain's those before it, too. */
function stepAttention(g: Graph, width: number, layout: Layout): Attention {
  const chained = layout === 'chain' && width > 1;
  return (projected, options, cache, { cached }) => {
    const { heads, headSize, alpha = headSize ** -0.5, softcap, window } = options;
    const split = (x: Value, count: number): Value => {
      // A single token's rows are in order already.
      const [first, second] = width === 1 ? [count, 1] : [width, count];
      const rows = g.op('View', [x, g.ints([-1, first, second, headSize])], { shape: ['B', first, second, headSize] });
      return width === 1 ? rows : g.transpose(rows, [0, 2, 1, 3]);
    };
    const [queries, keys, values] = toHeads(projected, options, split);
    const seen = g.op('View', [cached, g.ints([0, 0, width, -1])], { shape: ['B', 1, width, 'S'] });
    // Cache and new token are attended to apart, so that the cache is never copied behind a Concat.
    const past = g.add(cachedScores(g, queries, cache.keys, alpha, softcap), seen); // (B, H, width, S)
    const fresh = chained
      ? g.add(attentionScores(g, queries, keys, alpha, softcap), causalMask(g, width, window)) // (B, H, width, width)
      : ownScores(g, queries, keys, alpha, softcap); // (B, H, width, 1)
    const count = fresh.shape[3] as number;
    const weights = g.op('Softmax', [g.concat([past, fresh], -1)], { axis: -1 });
    const toPast = cachedSum(g, g.slice(weights, -1, 0, -count), cache.values);
    const toFresh = g.slice(weights, -1, -count, 2 ** 31);
    const context = g.add(toPast, chained ? attentionSum(g, toFresh, values) : ownSum(g, toFresh, values));
    return [mergeHeads(g, context, heads * headSize), keys, values];
  };
}
