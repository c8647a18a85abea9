/**
 * LoRA (Hu et al. 2021, arXiv:2106.09685): beside a frozen linear module y = W x + b a trainable y += alpha / rank · B A x of low
 * rank. Settings, names and starting values are PEFT's.
 */
import { HabsburgError } from '../../common/errors.js';
import type { CounterRng } from '../../common/philox.js';
import type { LoraPlan } from './settings.js';
import type { Model } from '../checkpoint/huggingface.js';
import type { NamedTensor, Weights } from '../checkpoint/safetensors.js';
import type { Graph } from '../graph/graph.js';
import type { Value } from '../graph/types.js';
import { architectureOf } from '../models/index.js';
import type { DecoderConfig, DecoderInputs, ParameterSpec } from '../models/types.js';

export interface Lora {
  readonly rank: number;
  /** alpha / rank: what B A x is multiplied with */
  readonly scale: number;
  /** `<module>.lora_A.weight` (rank, in) and `<module>.lora_B.weight` (out, rank), whatever way the module stores its own weight */
  readonly weights: Weights;
}

export const loraA = (module: string): string => `${module}.lora_A.weight`;
export const loraB = (module: string): string => `${module}.lora_B.weight`;

/** PEFT's word for every linear module but the output layer. */
export const ALL_LINEAR = 'all-linear';

/** A linear module that can be adapted. */
export interface LinearModule {
  readonly name: string;
  readonly out: number;
  readonly in: number;
  readonly stored: NonNullable<ParameterSpec['linear']>;
}

/** The linear modules of a model's layers, in its own order. */
export function linearModules(config: DecoderConfig): LinearModule[] {
  return architectureOf(config.modelType)
    .parameters(config)
    .flatMap(({ name, shape, linear }) => {
      if (linear === undefined) return [];
      const [out, into] = linear === 'out-in' ? shape : [shape[1], shape[0]];
      return [{ name: name.slice(0, -'.weight'.length), out, in: into, stored: linear }];
    });
}

/**
 * The modules that targets name, as PEFT matches them: a module's whole name or its last parts.
 * @throws HabsburgError `invalid` naming a target that the model does not have
 */
export function targetModules(config: DecoderConfig, targets: readonly string[]): LinearModule[] {
  const modules = linearModules(config);
  const matches = (module: LinearModule, target: string): boolean =>
    target === ALL_LINEAR || module.name === target || module.name.endsWith(`.${target}`);
  for (const target of targets) {
    if (modules.some((module) => matches(module, target))) continue;
    const known = [...new Set(modules.map(({ name }) => name.split('.').at(-1)))].join(', ');
    throw new HabsburgError(
      'invalid',
      `LoRA target ${JSON.stringify(target)} names no linear module of this ${config.modelType} model; it has ${known}, or all: ${ALL_LINEAR}`,
    );
  }
  return modules.filter((module) => targets.some((target) => matches(module, target)));
}

/** A fresh adapter as PEFT starts it: A uniform in ±1/sqrt(in), B zero, so that it changes nothing. Matrix i of A draws from lane i. */
export function initialLora(config: DecoderConfig, plan: LoraPlan, rng: CounterRng): Lora {
  const weights: Weights = new Map();
  targetModules(config, plan.targets).forEach((module, lane) => {
    const bound = 1 / Math.sqrt(module.in);
    const a = Float32Array.from({ length: plan.rank * module.in }, (_, i) => bound * (2 * rng.uniform(i, lane) - 1));
    weights.set(loraA(module.name), { shape: [plan.rank, module.in], data: a });
    weights.set(loraB(module.name), { shape: [module.out, plan.rank], data: new Float32Array(module.out * plan.rank) });
  });
  return { rank: plan.rank, scale: plan.alpha / plan.rank, weights };
}

/**
 * The hook of DecoderInputs that adds an adapter to its modules.
 * @param get the adapter's weights in the graph, by name
 * @param dropout called with the inputs (N, in) of the adapted modules, in order
 */
export function loraHook(
  g: Graph,
  lora: Lora,
  get: (name: string) => Value,
  dropout: (x: Value) => Value = (x) => x,
): NonNullable<DecoderInputs['adapt']> {
  return (module, x, y) => {
    if (!lora.weights.has(loraA(module))) return y;
    const inner = g.op('Gemm', [dropout(x), get(loraA(module))], { transB: true }); // (N, rank)
    // The outer product's result is added to y by the same operator.
    const scaled = lora.scale === 1 ? inner : g.scale(inner, lora.scale);
    return g.op('Gemm', [scaled, get(loraB(module)), y], { transB: true }); // (N, out)
  };
}

/** A model's own frozen adapter in a graph: the names of its weights as inputs. */
const frozenName = (name: string): string => `frozen.${name}`;

/** The hook of a model's own adapter, with the weights as inputs or as constants; undefined without one. */
export function frozenHook(g: Graph, lora: Lora | undefined, as: 'inputs' | 'constants'): DecoderInputs['adapt'] {
  if (lora === undefined) return undefined;
  const get = (name: string): Value => {
    const { shape, data } = lora.weights.get(name)!;
    return as === 'inputs' ? g.input(frozenName(name), 'float32', shape) : g.constant('float32', shape, data);
  };
  return loraHook(g, lora, get);
}

/** The weights of a model's own adapter under the names of frozenHook's inputs. */
export function frozenWeights(lora: Lora | undefined): Weights {
  return new Map([...(lora?.weights ?? [])].map(([name, tensor]) => [frozenName(name), tensor]));
}

/** Two adapters as one, of both ranks together: what is added to a module's output is the sum of both. */
export function stackLora(config: DecoderConfig, first: Lora, second: Lora): Lora {
  const rank = first.rank + second.rank;
  const weights: Weights = new Map();
  for (const module of linearModules(config)) {
    const parts = [first, second].filter((lora) => lora.weights.has(loraA(module.name)));
    if (parts.length === 0) continue;
    const a = new Float32Array(rank * module.in);
    const b = new Float32Array(module.out * rank);
    for (const lora of parts) {
      const from = lora === first ? 0 : first.rank;
      a.set(lora.weights.get(loraA(module.name))!.data, from * module.in);
      const source = lora.weights.get(loraB(module.name))!.data; // (out, lora.rank)
      source.forEach((x, i) => (b[Math.floor(i / lora.rank) * rank + from + (i % lora.rank)] = lora.scale * x));
    }
    weights.set(loraA(module.name), { shape: [rank, module.in], data: a });
    weights.set(loraB(module.name), { shape: [module.out, rank], data: b });
  }
  return { rank, scale: 1, weights };
}

/** The model with W + scale · B A in place of each adapted W; the arrays of the others are shared. */
export function mergeLora(model: Model, lora: Lora): Model {
  const weights = new Map(model.weights);
  for (const module of linearModules(model.config)) {
    const a = lora.weights.get(loraA(module.name));
    if (a === undefined) continue;
    const name = `${module.name}.weight`;
    weights.set(name, merged(weights.get(name)!, module, a.data, lora.weights.get(loraB(module.name))!.data, lora));
  }
  return { ...model, weights };
}

function merged(base: NamedTensor, module: LinearModule, a: Float32Array, b: Float32Array, { rank, scale }: Lora): NamedTensor {
  const width = module.in;
  const data = new Float32Array(base.data.length);
  const row = new Float64Array(width);
  for (let o = 0; o < module.out; o++) {
    row.fill(0);
    for (let k = 0; k < rank; k++) {
      const factor = scale * b[o * rank + k];
      for (let i = 0; i < width; i++) row[i] += factor * a[k * width + i];
    }
    const [start, step] = module.stored === 'out-in' ? [o * width, 1] : [o, module.out];
    for (let i = 0; i < width; i++) data[start + i * step] = base.data[start + i * step] + row[i];
  }
  return { shape: base.shape, data };
}
