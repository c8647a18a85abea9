/**
 * Rotary position embedding (Su et al. 2021, arXiv:2104.09864) with the scalings of config.json's rope_parameters (rope_scaling
 * before transformers 5): default, linear, dynamic NTK, YaRN (Peng et al. 2023, arXiv:2309.00071), llama3. Rounded to float32 at
 * every place where transformers' modeling_rope_utils rounds.
 */
import { HabsburgError } from '../../common/errors.js';
import type { Graph } from '../graph/graph.js';
import type { Value } from '../graph/types.js';
import type { ConfigReader } from './config.js';
import type { ConfigJson } from './types.js';

export interface Rotary {
  /** (headSize / 2) radians a position */
  readonly frequencies: Float32Array;
  /** cosines and sines are multiplied with it */
  readonly factor: number;
}

const f = Math.fround;
type Scaling = (plain: Float32Array, rope: RopeReader) => Rotary;

interface RopeReader {
  readonly theta: number;
  readonly headSize: number;
  readonly maxPositions: number;
  number(name: string, fallback?: number): number;
  boolean(name: string, fallback: boolean): boolean;
}

const SCALINGS: Readonly<Record<string, Scaling>> = {
  default: (plain) => ({ frequencies: plain, factor: 1 }),
  linear: (plain, rope) => ({ frequencies: plain.map((x) => x / rope.number('factor')), factor: 1 }),
  // Stretches contexts beyond max_position_embeddings only, and longer rows are refused: within it, nothing changes.
  dynamic: (plain) => ({ frequencies: plain, factor: 1 }),
  llama3,
  yarn,
};

/** @throws HabsburgError `invalid` naming a scaling that is not supported */
export function parseRotary(read: ConfigReader, headSize: number, maxPositions: number): Rotary {
  const field =
    read.json.rope_parameters !== undefined && read.json.rope_parameters !== null ? 'rope_parameters' : 'rope_scaling';
  const rope = (read.json[field] ?? {}) as ConfigJson;
  const refuse = (name: string, what: string): never => {
    throw new HabsburgError('invalid', `${read.file}: ${field}.${name} ${what}, not ${JSON.stringify(rope[name])}`);
  };
  const type = rope.rope_type ?? rope.type ?? 'default';
  if (typeof type !== 'string' || !Object.hasOwn(SCALINGS, type))
    return refuse('rope_type' in rope ? 'rope_type' : 'type', `is supported as ${Object.keys(SCALINGS).join(', ')} only`);
  if ((rope.partial_rotary_factor ?? read.json.partial_rotary_factor ?? 1) !== 1)
    return refuse('partial_rotary_factor', 'is supported as 1 only');
  if (headSize % 2 !== 0)
    throw new HabsburgError('invalid', `${read.file}: a head of ${headSize} numbers cannot be rotated in pairs`);
  const number = (name: string, fallback?: number): number => {
    const value = rope[name] ?? fallback;
    return typeof value === 'number' && Number.isFinite(value) ? value : refuse(name, 'must be a number');
  };
  const boolean = (name: string, fallback: boolean): boolean => {
    const value = rope[name] ?? fallback;
    return typeof value === 'boolean' ? value : refuse(name, 'must be true or false');
  };
  const theta = number('rope_theta', read.number('rope_theta', 10000));
  return SCALINGS[type](plainFrequencies(theta, headSize), { theta, headSize, maxPositions, number, boolean });
}

/** theta^(-2i / headSize) */
function plainFrequencies(theta: number, headSize: number): Float32Array {
  return Float32Array.from({ length: headSize / 2 }, (_, i) => 1 / f(theta ** f((2 * i) / headSize)));
}

/** Llama 3.1's: long waves are stretched by the factor, short ones kept, those between interpolated. */
function llama3(plain: Float32Array, rope: RopeReader): Rotary {
  const [factor, low, high] = [rope.number('factor'), rope.number('low_freq_factor'), rope.number('high_freq_factor')];
  const context = rope.number('original_max_position_embeddings', rope.maxPositions);
  const frequencies = plain.map((x) => {
    const wave = f((2 * Math.PI) / x);
    if (wave > context / low) return f(x / factor);
    if (wave < context / high) return x;
    const smooth = f(f(f(context / wave) - low) / (high - low));
    return f(f(f(f(1 - smooth) * x) / factor) + f(smooth * x));
  });
  return { frequencies, factor: 1 };
}

function yarn(plain: Float32Array, rope: RopeReader): Rotary {
  const context = rope.number('original_max_position_embeddings', rope.maxPositions);
  const factor = rope.number('factor', rope.maxPositions / context);
  const scale = (m: number): number => (factor <= 1 ? 1 : 0.1 * m * Math.log(factor) + 1);
  const [mscale, mscaleAll] = [rope.number('mscale', 0), rope.number('mscale_all_dim', 0)];
  const attention = mscale !== 0 && mscaleAll !== 0 ? scale(mscale) / scale(mscaleAll) : scale(1);

  // The pair that turns so many times within the original context.
  const pairOf = (turns: number): number =>
    (rope.headSize * Math.log(context / (turns * 2 * Math.PI))) / (2 * Math.log(rope.theta));
  const [fast, slow] = [pairOf(rope.number('beta_fast', 32)), pairOf(rope.number('beta_slow', 1))];
  const whole = rope.boolean('truncate', true);
  const from = Math.max(whole ? Math.floor(fast) : fast, 0);
  let to = Math.min(whole ? Math.ceil(slow) : slow, rope.headSize - 1);
  if (from === to) to += 0.001;
  const frequencies = plain.map((x, i) => {
    const kept = f(1 - Math.min(1, Math.max(0, f((i - from) / (to - from)))));
    const stretched = f(1 / f(factor * f(1 / x)));
    return f(f(stretched * f(1 - kept)) + f(x * kept));
  });
  return { frequencies, factor: rope.number('attention_factor', attention) };
}

/**
 * A function that rotates queries or keys (B, heads, T, headSize) by their positions.
 * @param positions (B, T) int32, below `count`; what is negative is padding
 */
export function rotation(g: Graph, { frequencies, factor }: Rotary, positions: Value, count: number): (x: Value) => Value {
  const half = frequencies.length;
  const table = (wave: (angle: number) => number): Value => {
    const values = Float32Array.from({ length: count * half }, (_, i) => {
      const angle = f(frequencies[i % half] * Math.floor(i / half));
      return f(f(wave(angle)) * factor);
    });
    return g.constant(g.float, [count, half], g.float === 'float64' ? Float64Array.from(values) : values);
  };
  const cosines = table(Math.cos);
  const sines = table(Math.sin);
  const integer = (x: number): Value => g.constant('int64', [], BigInt64Array.of(BigInt(x)));
  const rows = g.op('Clip', [g.op('Cast', [positions], { to: 'int64' }), integer(0), integer(count - 1)], {});
  return (x) => g.op('RotaryEmbedding', [x, rows, cosines, sines], {});
}
