/** Adafactor's loops over the row of a matrix, as far as it fills vectors. */
import { advance } from '../kernels.js';
import { f32x4, f64, f64x2, get, set, v128, whileBelow, type Code, type Func } from '../wasm.js';

const square = (half: Code): Code => f64x2.mul(half, half);
const halves = (value: Code): readonly [Code, Code] => [f64x2.promoteLow(value), f64x2.promoteLow(v128.high(value))];
const sumOf = (low: number, high: number): Code => {
  const sum = f64x2.add(get(low), get(high));
  return f64.add(f64x2.lane(sum, 0), f64x2.lane(sum, 1));
};

/** Operands g, end, s (float64): sⱼ += gⱼ²; returns Σ gⱼ² */
function addSquares(): Code {
  const [g, end, s, low, high, value, squared] = [0, 1, 2, 3, 4, 5, 6];
  const half = (which: 0 | 1, sum: number): Code => [
    ...set(squared, square(halves(get(value))[which])),
    ...set(sum, f64x2.add(get(sum), get(squared))),
    ...v128.store(get(s), f64x2.add(v128.load(get(s)), get(squared))),
    ...advance(s),
  ];
  const loop = whileBelow(g, end, [...set(value, v128.load(get(g))), ...half(0, low), ...half(1, high), ...advance(g)]);
  return [...loop, ...sumOf(low, high)];
}

/** Operands g, end, f: returns Σ (gⱼ·fⱼ)² in float64 */
function sumOfScaled(): Code {
  const [g, end, f, low, high, value] = [0, 1, 2, 3, 4, 5];
  const [first, second] = halves(get(value));
  const loop = whileBelow(g, end, [
    ...set(value, f32x4.mul(v128.load(get(g)), v128.load(get(f)))),
    ...set(low, f64x2.add(get(low), square(first))),
    ...set(high, f64x2.add(get(high), square(second))),
    ...[g, f].flatMap(advance),
  ]);
  return [...loop, ...sumOf(low, high)];
}

/** Operands w, end, g, f, decay, rate: wⱼ ← decay·wⱼ − rate·(gⱼ·fⱼ) */
function scaledStep(): Code {
  const [w, end, g, f, decay, rate] = [0, 1, 2, 3, 4, 5];
  const [decays, rates] = [6, 7];
  const update = f32x4.mul(get(rates), f32x4.mul(v128.load(get(g)), v128.load(get(f))));
  return [
    ...set(decays, f32x4.splat(get(decay))),
    ...set(rates, f32x4.splat(get(rate))),
    ...whileBelow(w, end, [
      ...v128.store(get(w), f32x4.sub(f32x4.mul(v128.load(get(w)), get(decays)), update)),
      ...[w, g, f].flatMap(advance),
    ]),
  ];
}

export const ADAFACTOR_KERNELS: readonly Func[] = [
  { name: 'addSquares', params: ['i32', 'i32', 'i32'], result: 'f64', locals: Array<'v128'>(4).fill('v128'), body: addSquares() },
  { name: 'sumOfScaled', params: ['i32', 'i32', 'i32'], result: 'f64', locals: Array<'v128'>(3).fill('v128'), body: sumOfScaled() },
  { name: 'scaledStep', params: ['i32', 'i32', 'i32', 'i32', 'f32', 'f32'], locals: ['v128', 'v128'], body: scaledStep() },
]; // prettier-ignore
