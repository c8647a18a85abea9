/**
 * What bitsandbytes makes of a linear module's weights: NF4, the levels of QLoRA (Dettmers et al. 2023, arXiv:2305.14314), and the int8
 * rows of LLM.int8() (Dettmers et al. 2022, arXiv:2208.07339). Each function gives the numbers that the rounded weights stand for. That is
 * all that is alike: they are computed with in float32, where QLoRA computes in bfloat16 and LLM.int8() rounds what comes into a module to
 * 8 bits as well, but for columns with an outlier of 6 or more (here no column is rounded so).
 */
import { fromFloat16, toFloat16 } from './halfprecision.js';

/** Quantiles of the normal distribution, scaled to [-1, 1], one of them 0: bitsandbytes' numbers, which the paper's formula (its equation 4) gives. */
export const NF4_LEVELS = Float32Array.of(
  -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0,
  0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
); // prettier-ignore

/** Numbers a block, in the order in which they lie; the last block may have fewer. */
const BLOCK = 64;
/** Largest numbers of blocks that double quantisation takes together. */
const SCALES = 256;

const f = Math.fround;

/**
 * @param data (out, in) of a module
 * @param double whether each block's largest number is rounded to 8 bits, too
 */
export function nf4(data: Float32Array, double = false): Float32Array {
  const largest = largestOf(data, BLOCK);
  const scales = double ? doublyQuantized(largest) : largest;
  return data.map((x, i) => f(nearest(NF4_LEVELS, scaled(x, largest[Math.floor(i / BLOCK)])) * scales[Math.floor(i / BLOCK)]));
}

/** Less their mean, which is added again, in blocks of 256 as the dynamic map has it. */
function doublyQuantized(largest: Float32Array): Float32Array {
  const offset = f(largest.reduce((sum, x) => sum + x, 0) / largest.length);
  const centred = largest.map((x) => x - offset);
  const absolute = largestOf(centred, SCALES);
  return centred.map((x, i) => {
    const by = absolute[Math.floor(i / SCALES)];
    return f(f(nearest(DYNAMIC_LEVELS, scaled(x, by)) * by) + offset);
  });
}

/**
 * Each row of a module, (out, in), as integers of -127 to 127 by its largest number; float16 before that, as LLM.int8() takes weights.
 * @param into numbers a row
 */
export function llmInt8(data: Float32Array, into: number): Float32Array {
  const halves = fromFloat16(toFloat16(data));
  const largest = largestOf(halves, into);
  return halves.map((x, i) => {
    const by = largest[Math.floor(i / into)];
    return by === 0 ? 0 : (toEven(f(x * f(127 / by))) * by) / 127;
  });
}

/**
 * The signed dynamic map of 8 bits (Dettmers et al. 2022, arXiv:2110.02861): for each of seven powers of ten the means of equal parts of
 * [0.1, 1], twice as many with each, and 0 and 1.
 */
export const DYNAMIC_LEVELS = dynamicLevels();

function dynamicLevels(): Float32Array {
  const levels = [0, 1];
  for (let i = 0; i < 7; i++) {
    const parts = 2 ** i;
    for (let k = 0; k < parts; k++) {
      const mean = 0.1 + (0.9 * (k + 0.5)) / parts;
      levels.push(10 ** (i - 6) * mean, -(10 ** (i - 6)) * mean);
    }
  }
  return Float32Array.from(levels).sort();
}

/** Of each block. */
function largestOf(data: Float32Array, block: number): Float32Array {
  const largest = new Float32Array(Math.ceil(data.length / block));
  data.forEach((x, i) => (largest[Math.floor(i / block)] = Math.max(largest[Math.floor(i / block)], Math.abs(x))));
  return largest;
}

function scaled(x: number, largest: number): number {
  return largest === 0 ? 0 : Math.min(1, Math.max(-1, f(x * f(1 / largest))));
}

/** The level that is nearest, the lower of two. @param levels ascending */
function nearest(levels: Float32Array, x: number): number {
  let [low, high] = [0, levels.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (x > f(f(levels[middle] + levels[middle + 1]) / 2)) low = middle + 1;
    else high = middle;
  }
  return levels[low];
}

/** To the nearest integer, the even one of two. */
function toEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  return rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1;
}
