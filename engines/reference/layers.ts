/** The layers of a decoder over one sequence of T tokens: what each computes, and what its gradient is. */
import { Matrix, type Tape } from './tape.js';

/** x + y */
export function add(tape: Tape, x: Matrix, y: Matrix): Matrix {
  const out = new Matrix(x.rows, x.columns);
  for (let i = 0; i < out.data.length; i++) out.data[i] = x.data[i] + y.data[i];
  tape.note(() => {
    for (let i = 0; i < out.gradient.length; i++) {
      x.gradient[i] += out.gradient[i];
      y.gradient[i] += out.gradient[i];
    }
  });
  return out;
}

/** x · y, entry by entry */
export function multiply(tape: Tape, x: Matrix, y: Matrix): Matrix {
  const out = new Matrix(x.rows, x.columns);
  for (let i = 0; i < out.data.length; i++) out.data[i] = x.data[i] * y.data[i];
  tape.note(() => {
    for (let i = 0; i < out.gradient.length; i++) {
      x.gradient[i] += out.gradient[i] * y.data[i];
      y.gradient[i] += out.gradient[i] * x.data[i];
    }
  });
  return out;
}

/**
 * Rows of a table, by number.
 * @param still a row that does not learn: an embedding's padding
 */
export function gather(tape: Tape, table: Matrix, numbers: readonly number[], still?: number): Matrix {
  const d = table.columns;
  const out = new Matrix(numbers.length, d);
  numbers.forEach((row, t) => out.data.set(table.data.subarray(row * d, (row + 1) * d), t * d));
  tape.note(() =>
    numbers.forEach((row, t) => {
      if (row === still) return;
      for (let i = 0; i < d; i++) table.gradient[row * d + i] += out.gradient[t * d + i];
    }),
  );
  return out;
}

/**
 * x (T, in) -> x Wᵀ + b (T, out)
 * @param weight (out, in), or (in, out) with `inOut`
 * @param bias (1, out)
 */
export function linear(tape: Tape, x: Matrix, weight: Matrix, bias?: Matrix, inOut = false): Matrix {
  const into = x.columns;
  const outs = inOut ? weight.columns : weight.rows;
  /** where the weight of input i and output o is: o · byOutput + i · byInput */
  const [byOutput, byInput] = inOut ? [1, outs] : [into, 1];
  const out = new Matrix(x.rows, outs);
  const [xs, ws, ys] = [x.data, weight.data, out.data];
  for (let t = 0; t < x.rows; t++)
    for (let o = 0; o < outs; o++) {
      let sum = bias ? bias.data[o] : 0;
      for (let i = 0; i < into; i++) sum += xs[t * into + i] * ws[o * byOutput + i * byInput];
      ys[t * outs + o] = sum;
    }
  tape.note(() => {
    const [dx, dw, dy] = [x.gradient, weight.gradient, out.gradient];
    for (let t = 0; t < x.rows; t++)
      for (let o = 0; o < outs; o++) {
        const g = dy[t * outs + o];
        if (bias) bias.gradient[o] += g;
        for (let i = 0; i < into; i++) {
          dx[t * into + i] += g * ws[o * byOutput + i * byInput];
          dw[o * byOutput + i * byInput] += g * xs[t * into + i];
        }
      }
  });
  return out;
}

/** (x − mean) / √(variance + ε) · weight + bias of each row; without mean and bias it is Llama's RMSNorm. */
export function norm(tape: Tape, x: Matrix, weight: Matrix, bias: Matrix | undefined, epsilon: number): Matrix {
  const d = x.columns;
  const out = new Matrix(x.rows, d);
  /** x after the first two operations */
  const scaled = new Float64Array(x.data.length);
  const inverse = new Float64Array(x.rows);
  for (let t = 0; t < x.rows; t++) {
    const row = x.data.subarray(t * d, (t + 1) * d);
    const mean = bias ? row.reduce((sum, value) => sum + value, 0) / d : 0;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / d;
    inverse[t] = 1 / Math.sqrt(variance + epsilon);
    for (let i = 0; i < d; i++) {
      scaled[t * d + i] = (row[i] - mean) * inverse[t];
      out.data[t * d + i] = scaled[t * d + i] * weight.data[i] + (bias ? bias.data[i] : 0);
    }
  }
  tape.note(() => {
    for (let t = 0; t < x.rows; t++) {
      // with g = d loss / d scaled: dx = (g − mean(g) − scaled · mean(g · scaled)) / √(variance + ε)
      let mean = 0;
      let along = 0;
      for (let i = 0; i < d; i++) {
        const at = t * d + i;
        const g = out.gradient[at] * weight.data[i];
        weight.gradient[i] += out.gradient[at] * scaled[at];
        if (bias) {
          bias.gradient[i] += out.gradient[at];
          mean += g / d;
        }
        along += (g * scaled[at]) / d;
      }
      for (let i = 0; i < d; i++) {
        const at = t * d + i;
        x.gradient[at] += (out.gradient[at] * weight.data[i] - mean - scaled[at] * along) * inverse[t];
      }
    }
  });
  return out;
}

/** An activation and its slope. */
interface Curve {
  value(x: number): number;
  slope(x: number): number;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
/** Φ(x), by the series of erf whose terms are all positive; beyond 6 it is 0 or 1 to all digits that count here. */
const normal = (x: number): number => {
  if (Math.abs(x) > 12) return x < 0 ? 0 : 1;
  let sum = 0;
  for (let term = x, n = 1; sum + term !== sum; n += 2, term *= (x * x) / n) sum += term;
  return 0.5 + sum * density(x);
};
const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const C = Math.sqrt(2 / Math.PI);
const inner = (x: number): number => Math.tanh(C * (x + 0.044715 * x ** 3));

const relu: Curve = { value: (x) => Math.max(0, x), slope: (x) => (x > 0 ? 1 : 0) };
const silu: Curve = { value: (x) => x * sigmoid(x), slope: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))) };
const gelu: Curve = { value: (x) => x * normal(x), slope: (x) => normal(x) + x * density(x) };
const geluTanh: Curve = {
  value: (x) => 0.5 * x * (1 + inner(x)),
  slope: (x) => 0.5 * (1 + inner(x)) + 0.5 * x * (1 - inner(x) ** 2) * C * (1 + 3 * 0.044715 * x * x),
};

/** By transformers' names. */
const CURVES = {
  relu,
  silu,
  swish: silu,
  gelu,
  gelu_python: gelu,
  gelu_new: geluTanh,
  gelu_fast: geluTanh,
  gelu_accurate: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  gelu_python_tanh: geluTanh,
} as const;

export function activation(tape: Tape, x: Matrix, kind: keyof typeof CURVES): Matrix {
  const { value, slope } = CURVES[kind];
  const out = new Matrix(x.rows, x.columns, x.data.map(value));
  tape.note(() => out.gradient.forEach((g, i) => (x.gradient[i] += g * slope(x.data[i]))));
  return out;
}

/**
 * Rotary positions (Su et al. 2021, arXiv:2104.09864): of each head the pair (i, i + half) is turned by t · frequencies[i].
 * @param x (T, heads · size), row t at position t
 */
export function rotate(
  tape: Tape,
  x: Matrix,
  heads: number,
  { frequencies, factor }: { readonly frequencies: ArrayLike<number>; readonly factor: number },
): Matrix {
  const size = x.columns / heads;
  const half = frequencies.length;
  const out = new Matrix(x.rows, x.columns, x.data.slice());
  const turn = (from: Float64Array, sign: 1 | -1, write: (at: number, value: number) => void): void => {
    for (let t = 0; t < x.rows; t++)
      for (let h = 0; h < heads; h++)
        for (let i = 0; i < half; i++) {
          const a = t * x.columns + h * size + i;
          const [cos, sin] = [Math.cos(t * frequencies[i]) * factor, sign * Math.sin(t * frequencies[i]) * factor];
          write(a, from[a] * cos - from[a + half] * sin);
          write(a + half, from[a + half] * cos + from[a] * sin);
        }
  };
  turn(x.data, 1, (at, value) => (out.data[at] = value));
  tape.note(() => {
    turn(out.gradient, -1, (at, value) => (x.gradient[at] += value));
    // what is not turned goes through
    for (let i = 0; i < x.data.length; i++) if (i % size >= 2 * half) x.gradient[i] += out.gradient[i];
  });
  return out;
}

/**
 * Causal self-attention, softmax(q kᵀ / √size) v by head (Vaswani et al. 2017, arXiv:1706.03762). Each head of keys and values serves
 * heads / keyHeads heads of queries in a row (Ainslie et al. 2023, arXiv:2305.13245).
 * @param q (T, heads · size)
 * @param k (T, keyHeads · size); v likewise
 * @param window a token sees itself and the window - 1 tokens before it; absent: all before it
 */
export function attention(
  tape: Tape,
  q: Matrix,
  k: Matrix,
  v: Matrix,
  {
    heads,
    keyHeads = heads,
    window = Infinity,
  }: { readonly heads: number; readonly keyHeads?: number; readonly window?: number },
): Matrix {
  const size = q.columns / heads;
  const out = new Matrix(q.rows, q.columns);
  for (let h = 0; h < heads; h++) {
    const [own, shared] = [h * size, Math.floor((h * keyHeads) / heads) * size];
    for (let t = 0; t < q.rows; t++) {
      const first = Math.max(0, t + 1 - window);
      const at = t * q.columns + own;
      const key = (s: number): number => (first + s) * k.columns + shared;
      const scores = Array.from({ length: t + 1 - first }, (_, s) => {
        let sum = 0;
        for (let i = 0; i < size; i++) sum += q.data[at + i] * k.data[key(s) + i];
        return sum / Math.sqrt(size);
      });
      const weights = softmax(scores);
      weights.forEach((weight, s) => {
        for (let i = 0; i < size; i++) out.data[at + i] += weight * v.data[key(s) + i];
      });
      tape.note(() => {
        const g = out.gradient.subarray(at, at + size);
        const toWeights = weights.map((_, s) => g.reduce((sum, x, i) => sum + x * v.data[key(s) + i], 0));
        const mean = weights.reduce((sum, weight, s) => sum + weight * toWeights[s], 0);
        weights.forEach((weight, s) => {
          const toScore = (weight * (toWeights[s] - mean)) / Math.sqrt(size);
          for (let i = 0; i < size; i++) {
            v.gradient[key(s) + i] += weight * g[i];
            q.gradient[at + i] += toScore * k.data[key(s) + i];
            k.gradient[key(s) + i] += toScore * q.data[at + i];
          }
        });
      });
    }
  }
  return out;
}

/** Probabilities of scores; -Infinity has none. */
export function softmax(scores: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(scores);
  const highest = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const raised = values.map((value) => Math.exp(value - highest));
  const total = raised.reduce((sum, value) => sum + value, 0);
  return raised.map((value) => value / total);
}

/** log Σ exp of scores */
export function logSum(scores: Float64Array): number {
  const highest = scores.reduce((most, value) => Math.max(most, value), -Infinity);
  return highest + Math.log(scores.reduce((sum, value) => sum + Math.exp(value - highest), 0));
}
