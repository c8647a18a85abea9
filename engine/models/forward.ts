/** The parts of a language-model graph that do not depend on the architecture: inputs, causal mask, output layer. */
import type { Graph } from '../graph/graph.js';
import type { Value } from '../graph/types.js';
import { softcapped } from './blocks.js';
import { architectureOf } from './index.js';
import type { DecoderConfig, DecoderInputs, Parameters } from './types.js';

/** float32's minimum, as transformers masks: a row without any visible key stays finite. */
export const MASKED = -3.4028234663852886e38;

/**
 * (T, T), to be added to attention scores: row t sees columns 0 … t, of them the last `window`. Padding on the right needs no other
 * mask.
 */
export function causalMatrix(time: number, window = time): Float32Array {
  const matrix = new Float32Array(time * time);
  for (let t = 0; t < time; t++) {
    matrix.fill(MASKED, t * time, t * time + Math.max(0, t + 1 - window));
    matrix.fill(MASKED, t * time + t + 1, (t + 1) * time);
  }
  return matrix;
}

/** causalMatrix as a constant */
export function causalMask(graph: Graph, time: number, window?: number): Value {
  const matrix = causalMatrix(time, window);
  return graph.constant(graph.float, [time, time], graph.float === 'float64' ? Float64Array.from(matrix) : matrix);
}

/** Inputs `ids` and `positions` of shape (rows, time) with the causal mask: whole sequences, no cache. */
export function sequenceInputs(graph: Graph, rows: number | string, time: number): DecoderInputs {
  const masks = new Map<number, Value>();
  const mask = (window = time): Value => {
    const seen = Math.min(window, time);
    const made = masks.get(seen) ?? causalMask(graph, time, seen);
    masks.set(seen, made);
    return made;
  };
  return {
    ids: graph.input('ids', 'int32', [rows, time]),
    positions: graph.input('positions', 'int32', [rows, time]),
    positionCount: time,
    mask,
  };
}

/** (N, headInput) hidden states before the output layer. */
export function hiddenStates(graph: Graph, config: DecoderConfig, parameters: Parameters, inputs: DecoderInputs): Value {
  return architectureOf(config.modelType).hidden(graph, config, parameters, inputs);
}

/** hidden (N, headInput) -> logits (N, V) */
export function outputLogits(graph: Graph, config: DecoderConfig, parameters: Parameters, hidden: Value): Value {
  const head = parameters(architectureOf(config.modelType).headWeight(config));
  return softcapped(graph, graph.op('Gemm', [hidden, head], { transB: true }), config.logitSoftcap);
}
