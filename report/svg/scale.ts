/** Scales from data to pixels, and the round numbers that go on their axes. */

export interface Scale {
  (value: number): number;
  readonly kind: 'linear' | 'log';
  readonly domain: readonly [number, number];
}

/** Maps [low, high] onto [from, to]; a domain of one value maps to the middle. */
export function linearScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  return scale('linear', domain, range, (value) => value);
}

/** Like linearScale on logarithms; the domain must be positive. */
export function logScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  return scale('log', domain, range, Math.log);
}

function scale(
  kind: Scale['kind'],
  domain: readonly [number, number],
  [from, to]: readonly [number, number],
  map: (value: number) => number,
): Scale {
  const [low, high] = [map(domain[0]), map(domain[1])];
  const apply = (value: number) => (low === high ? (from + to) / 2 : from + ((map(value) - low) / (high - low)) * (to - from));
  return Object.assign(apply, { kind, domain });
}

/** Multiples of 1, 2 or 5 times a power of ten inside [low, high], about `count` of them. */
export function niceTicks(low: number, high: number, count: number): number[] {
  if (low === high) return [low];
  const step = niceStep((high - low) / Math.max(1, count));
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(rounded(i * step, step));
  return ticks;
}

/** Whole-number ticks, for generations. */
export function integerTicks(low: number, high: number, count: number): number[] {
  const step = Math.max(1, niceStep((high - low) / Math.max(1, count)));
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step) * step; i <= high; i += step) ticks.push(i);
  return ticks;
}

/** 1, 2 and 5 in each decade of [low, high]; only powers of ten where that would be more than `count`. */
export function logTicks(low: number, high: number, count: number): number[] {
  const within = (mantissas: readonly number[], everyDecade = 1) => {
    const ticks: number[] = [];
    for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); decade++) {
      if (decade % everyDecade !== 0) continue;
      for (const mantissa of mantissas) {
        const tick = decade < 0 ? mantissa / 10 ** -decade : mantissa * 10 ** decade;
        if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push(tick);
      }
    }
    return ticks;
  };
  for (const mantissas of [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 5], [1, 3], [1]]) {
    const ticks = within(mantissas);
    if (ticks.length <= count) return ticks;
  }
  return within([1], Math.ceil(Math.log10(high / low) / count));
}

/** The domain widened to the ticks around it, so that an axis begins and ends on a round number. */
export function niceDomain(low: number, high: number, count: number): [number, number] {
  if (low === high) {
    const room = low === 0 ? 1 : Math.abs(low) * 0.1;
    return niceDomain(low - room, high + room, count);
  }
  const step = niceStep((high - low) / Math.max(1, count));
  return [rounded(Math.floor(low / step + 1e-9) * step, step), rounded(Math.ceil(high / step - 1e-9) * step, step)];
}

function niceStep(raw: number): number {
  const power = 10 ** Math.floor(Math.log10(raw));
  const factor = raw / power;
  return (factor < 1.5 ? 1 : factor < 3.5 ? 2 : factor < 7.5 ? 5 : 10) * power;
}

/** Removes the binary dust of i * step. */
function rounded(value: number, step: number): number {
  const decimals = Math.max(0, -Math.floor(Math.log10(step)) + 1);
  return Number(value.toFixed(Math.min(decimals, 20))) + 0;
}

/** An axis label for a tick among its neighbours. */
export function tickLabel(tick: number): string {
  const size = Math.abs(tick);
  const text = size !== 0 && (size >= 1e6 || size < 1e-4) ? tick.toExponential().replace('e+', 'e') : String(tick);
  return text.replace('-', '\u2212');
}
