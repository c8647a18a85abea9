/** The training graph of a model for one row length: weights in, per-token losses and the gradients of the trainable weights out. */
import type { FrozenParts } from '../checkpoint/huggingface.js';
import type { StoredWeights } from '../checkpoint/stored.js';
import { backward } from '../graph/backward.js';
import { Graph } from '../graph/graph.js';
import { sizeOf } from '../graph/dims.js';
import type { Value } from '../graph/types.js';
import { softcapped } from '../models/blocks.js';
import { hiddenStates, sequenceInputs } from '../models/forward.js';
import { architectureOf } from '../models/index.js';
import type { DecoderConfig, DecoderInputs, Parameters } from '../models/types.js';
import { weightInputs } from '../models/weights.js';
import { frozenHook, loraHook, type Lora } from '../adapters/lora.js';
import { adapterDropoutName, dropoutName, type SiteName } from './dropout.js';
import { lossSeeds, tokenNll } from './loss.js';
import type { LossPlan } from './losses/index.js';

/** Name of the output that holds a parameter's gradient. */
export function gradientName(parameter: string): string {
  return `grad.${parameter}`;
}

/**
 * Inputs: `ids`, `positions` (B, T), `targets` (B·T), `weights` (B·T, 1) and every parameter under its name.
 * With dropout also its masks, `dropout.0`, `dropout.1` … (B·T, d), in the order of the branches, and with an adapter's dropout
 * `adapter.dropout.0` … (B·T, in), in the order of the adapted modules.
 * Outputs: `nll` (B·T) and `grad.<parameter>`, the gradient of Σ weights · loss, which is the nll where `options.loss` says nothing. The number of rows B is free.
 */
export function trainingGraph(
  config: DecoderConfig,
  time: number,
  trainable: readonly string[],
  options: {
    readonly dropout?: boolean;
    readonly adapter?: Lora;
    readonly adapterDropout?: boolean;
    readonly frozen?: FrozenParts;
    readonly recompute?: boolean;
    readonly loss?: LossPlan | null;
  } = {},
): Graph {
  const graph = new Graph();
  const parameters = parameterInputs(graph, config, options.adapter, options.frozen?.stored);
  const masked = (nameOf: SiteName): ((x: Value) => Value) => {
    let sites = 0;
    return (x) => graph.mul(x, graph.input(nameOf(sites++), 'float32', x.shape));
  };
  const inputs: DecoderInputs = {
    ...sequenceInputs(graph, 'B', time),
    dropout: options.dropout === true ? masked(dropoutName) : undefined,
    adapt: adaptation(
      graph,
      parameters,
      options.adapter,
      options.frozen?.adapter,
      options.adapterDropout === true ? masked(adapterDropoutName) : undefined,
    ),
  };
  const targets = graph.input('targets', 'int32', [sizeOf(['B', time])!]);
  const weights = graph.input('weights', 'float32', [sizeOf(['B', time])!, 1]);
  const hidden = hiddenStates(graph, config, parameters, inputs);
  const head = parameters(architectureOf(config.modelType).headWeight(config));
  const nll = tokenNll(graph, hidden, head, targets, config.logitSoftcap);
  const seeds = lossSeeds(graph, hidden, head, targets, weights, nll, options.loss ?? undefined);
  const gradients = backward(graph, seeds, trainable.map(parameters), { recompute: options.recompute });
  graph.output('nll', nll.nll);
  for (const name of trainable) graph.output(gradientName(name), gradients.get(parameters(name))!);
  return graph;
}

/** Inputs as above without `weights`; output `nll` only. */
export function scoringGraph(config: DecoderConfig, time: number, adapter?: Lora, frozen?: FrozenParts): Graph {
  const { graph, hidden, head, targets } = readingGraph(config, time, adapter, frozen);
  graph.output('nll', tokenNll(graph, hidden, head, targets, config.logitSoftcap).nll);
  return graph;
}

/** The same inputs, and what the author of the graph makes of the logits (B·T, V) and targets (B·T): outputs by name. */
export function predictionGraph(
  config: DecoderConfig,
  time: number,
  frozen: FrozenParts,
  outputs: (graph: Graph, logits: Value, targets: Value) => Readonly<Record<string, Value>>,
): Graph {
  const { graph, hidden, head, targets } = readingGraph(config, time, undefined, frozen);
  const logits = softcapped(graph, graph.op('Gemm', [hidden, head], { transB: true }), config.logitSoftcap);
  for (const [name, value] of Object.entries(outputs(graph, logits, targets))) graph.output(name, value);
  return graph;
}

/** A model that reads rows of one length, up to its last hidden states (B·T, d), and its output layer (V, d). */
function readingGraph(config: DecoderConfig, time: number, adapter?: Lora, frozen?: FrozenParts) {
  const graph = new Graph();
  const parameters = parameterInputs(graph, config, adapter, frozen?.stored);
  const inputs: DecoderInputs = {
    ...sequenceInputs(graph, 'B', time),
    adapt: adaptation(graph, parameters, adapter, frozen?.adapter),
  };
  const targets = graph.input('targets', 'int32', [sizeOf(['B', time])!]);
  const hidden = hiddenStates(graph, config, parameters, inputs);
  const head = parameters(architectureOf(config.modelType).headWeight(config));
  return { graph, hidden, head, targets };
}

/** The model's weights and the adapter's as inputs of the graph; stored ones as constants. */
function parameterInputs(graph: Graph, config: DecoderConfig, adapter?: Lora, stored?: StoredWeights): Parameters {
  const model = weightInputs(graph, config, stored);
  const added = new Map([...(adapter?.weights ?? [])].map(([name, { shape }]) => [name, graph.input(name, 'float32', shape)]));
  return (name) => added.get(name) ?? model(name);
}

function adaptation(
  graph: Graph,
  parameters: Parameters,
  adapter: Lora | undefined,
  own: Lora | undefined,
  dropout?: (x: Value) => Value,
): DecoderInputs['adapt'] {
  const frozen = frozenHook(graph, own, 'inputs');
  if (adapter === undefined) return frozen;
  const trained = loraHook(graph, adapter, parameters, dropout);
  return (module, x, y) => trained(module, x, frozen?.(module, x, y) ?? y);
}
