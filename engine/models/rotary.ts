/**
 * Rotary position embedding (Su et al. 2021, arXiv:2104.09864) with the scalings of config.json's rope_parameters and rope_scaling:
 * default, linear, proportional, dynamic NTK, YaRN (Peng et al. 2023, arXiv:2309.00071), LongRoPE (Ding et al. 2024,
 * arXiv:2402.13753), llama3. Rounded to float32 at every place where transformers' modeling_rope_utils rounds.
 */
import type { Graph } from '../graph/graph.js';
import { fixed, type Value } from '../graph/types.js';
import type { ConfigReader } from './config.js';
import type { ConfigJson } from './types.js';

export interface Rotary {
  /** (headSize / 2) radians a position; fewer where only the first numbers of a head are rotated */
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
  /** positions of the training before the scaling */
  original(): number;
  number(name: string, fallback?: number): number;
  /** as many numbers as a head has pairs */
  numbers(name: string): number[];
  boolean(name: string, fallback: boolean): boolean;
  refuse(name: string, what: string): never;
}

const SCALINGS: Readonly<Record<string, Scaling>> = {
  default: (plain) => ({ frequencies: plain, factor: 1 }),
  linear: (plain, rope) => ({ frequencies: plain.map((x) => x / rope.number('factor')), factor: 1 }),
  // Only the first pairs turn.
  proportional: (plain, rope) => {
    const turning = Math.floor(Math.floor(rope.number('partial_rotary_factor', 1) * rope.headSize) / 2);
    return { frequencies: plain.map((x, i) => (i < turning ? x / rope.number('factor', 1) : 0)), factor: 1 };
  },
  // Stretches contexts beyond max_position_embeddings only, and longer rows are refused: within it, nothing changes.
  dynamic: (plain) => ({ frequencies: plain, factor: 1 }),
  longrope,
  llama3,
  yarn,
};

/** Heads that are larger are none: the table of frequencies is made before any weight is looked at. */
const MAX_HEAD = 65536;

/** What an architecture's config.json leaves to it. */
export interface RotaryDefaults {
  /** rope_theta; default: 10000 */
  readonly theta?: number;
  /** partial_rotary_factor: the share of each head that is rotated; absent: the architecture rotates whole heads only */
  readonly share?: number;
}

/**
 * The settings that transformers takes: a rope_scaling that says something wins over rope_parameters, whole; rope_theta and
 * original_max_position_embeddings may stand beside them, the latter then wins.
 * @throws HabsburgError `invalid` naming a scaling that is not supported
 */
export function parseRotary(read: ConfigReader, headSize: number, maxPositions: number, defaults: RotaryDefaults = {}): Rotary {
  const said = (name: string): boolean => {
    const value = read.get(name);
    if (value !== undefined && value !== null && (typeof value !== 'object' || Array.isArray(value)))
      read.refuse(name, `must be an object, not ${JSON.stringify(value)}`);
    return Object.keys(value ?? {}).length > 0;
  };
  const [scaling, parameters] = [said('rope_scaling'), said('rope_parameters')];
  const field = scaling || !parameters ? 'rope_scaling' : 'rope_parameters';
  const rope = (read.json[field] ?? {}) as ConfigJson;
  const refuse = (name: string, what: string): never =>
    read.refuse(`${field}.${name}`, `${what}, not ${JSON.stringify(rope[name])}`);
  const nested = Object.keys(rope).find((name) => typeof rope[name] === 'object' && rope[name] !== null && !Array.isArray(rope[name])); // prettier-ignore
  if (nested !== undefined)
    refuse(nested, 'gives a kind of layer positions of its own, which is not supported: give one for all');
  const type = rope.rope_type ?? rope.type ?? 'default';
  if (typeof type !== 'string' || !Object.hasOwn(SCALINGS, type))
    return refuse('rope_type' in rope ? 'rope_type' : 'type', `is supported as ${Object.keys(SCALINGS).join(', ')} only`);
  const beside = read.get('partial_rotary_factor');
  const partial = rope.partial_rotary_factor ?? beside ?? defaults.share ?? 1;
  if (partial !== 1 && type !== 'proportional' && defaults.share === undefined)
    read.refuse('partial_rotary_factor', `is supported as 1 only under rope_type ${type}, not ${JSON.stringify(partial)}`);
  const share = type === 'proportional' ? 1 : Number(partial);
  const turned = Math.floor(headSize * share);
  if (!(share > 0 && share <= 1) || turned % 2 !== 0 || turned === 0 || turned > MAX_HEAD)
    read.refuse(read.json.head_dim === undefined ? 'hidden_size' : 'head_dim', `is wrong: a head of ${turned} numbers cannot be rotated in pairs`); // prettier-ignore
  const fields: ConfigJson = { ...rope, partial_rotary_factor: partial };
  const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
  const number = (name: string, fallback?: number): number => {
    const value = fields[name] ?? fallback;
    return isNumber(value) ? value : refuse(name, 'must be a number');
  };
  const numbers = (name: string): number[] => {
    const value = fields[name];
    if (!Array.isArray(value) || value.length !== turned / 2 || !value.every(isNumber))
      return refuse(name, `must be a list of ${turned / 2} numbers, one for each pair`);
    return value as number[];
  };
  const boolean = (name: string, fallback: boolean): boolean => {
    const value = fields[name] ?? fallback;
    return typeof value === 'boolean' ? value : refuse(name, 'must be true or false');
  };
  const besideOriginal = read.get('original_max_position_embeddings');
  const original = (): number => {
    if (besideOriginal === undefined) return number('original_max_position_embeddings', maxPositions);
    return read.number('original_max_position_embeddings', maxPositions);
  };
  const theta = number('rope_theta', read.number('rope_theta', defaults.theta ?? 10000));
  return SCALINGS[type](plainFrequencies(theta, turned), {
    theta, headSize: turned, maxPositions, original, number, numbers, boolean, refuse,
  }); // prettier-ignore
}

/** theta^(-2i / headSize) */
function plainFrequencies(theta: number, headSize: number): Float32Array {
  return Float32Array.from({ length: headSize / 2 }, (_, i) => 1 / f(theta ** f((2 * i) / headSize)));
}

/** Llama 3.1's: long waves are stretched by the factor, short ones kept, those between interpolated. */
function llama3(plain: Float32Array, rope: RopeReader): Rotary {
  const [factor, low, high] = [rope.number('factor'), rope.number('low_freq_factor'), rope.number('high_freq_factor')];
  const context = rope.original();
  const frequencies = plain.map((x) => {
    const wave = f((2 * Math.PI) / x);
    if (wave > context / low) return f(x / factor);
    if (wave < context / high) return x;
    const smooth = f(f(f(context / wave) - low) / (high - low));
    return f(f(f(f(1 - smooth) * x) / factor) + f(smooth * x));
  });
  return { frequencies, factor: 1 };
}

/**
 * Each pair is stretched by a factor of its own; by others as soon as a row is longer than the original context, which is not
 * supported where it makes a difference.
 */
function longrope(plain: Float32Array, rope: RopeReader): Rotary {
  const context = rope.original();
  const [short, long] = [rope.numbers('short_factor'), rope.numbers('long_factor')];
  if (context < rope.maxPositions && short.some((x, i) => x !== long[i]))
    rope.refuse('long_factor', `beyond ${context} of ${rope.maxPositions} positions is supported as short_factor only`);
  const stretch = rope.number('factor', rope.maxPositions / context);
  const attention = stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(context));
  return {
    frequencies: plain.map((x, i) => 1 / f(f(short[i]) * f(1 / x))),
    factor: rope.number('attention_factor', attention),
  };
}

function yarn(plain: Float32Array, rope: RopeReader): Rotary {
  const context = rope.original();
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
 * A function that rotates queries or keys (B, heads, T, headSize) by their positions, as far as there are frequencies.
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
  const rotate = (x: Value): Value => g.op('RotaryEmbedding', [x, rows, cosines, sines], {});
  return (x) => {
    const rest = fixed(x.shape[3], 'rotary positions') - 2 * half;
    if (rest === 0) return rotate(x);
    const [turning, still] = g.split(x, 3, [2 * half, rest]);
    return g.concat([rotate(turning), still], 3);
  };
}
