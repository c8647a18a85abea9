/** Arithmetic of symbolic dimensions: polynomials in names, written in one normal form, so that equal sizes are equal strings. */
import type { Dim } from './types.js';

/** Coefficients by product of names, e.g. 64·B + 3 is { 'B' → 64, '' → 3 }. */
type Polynomial = ReadonlyMap<string, number>;

function parse(dim: Dim): Polynomial {
  if (typeof dim === 'number') return new Map([['', dim]]);
  return sum(
    dim.split('+').map((term) => {
      const factors = term.split('*');
      const names = factors.filter((factor) => Number.isNaN(Number(factor)));
      const coefficient = factors.reduce((product, factor) => product * (Number.isNaN(Number(factor)) ? 1 : Number(factor)), 1);
      return new Map([[names.sort().join('*'), coefficient]]);
    }),
  );
}

function sum(polynomials: readonly Polynomial[]): Polynomial {
  const result = new Map<string, number>();
  for (const polynomial of polynomials) {
    for (const [names, coefficient] of polynomial) result.set(names, (result.get(names) ?? 0) + coefficient);
  }
  return result;
}

function product(a: Polynomial, b: Polynomial): Polynomial {
  const join = (x: string, y: string): string => [...x.split('*'), ...y.split('*')].filter((name) => name !== '').sort().join('*'); // prettier-ignore
  return sum([...a].flatMap(([x, p]) => [...b].map(([y, q]) => new Map([[join(x, y), p * q]]))));
}

function format(polynomial: Polynomial): Dim {
  const terms = [...polynomial].filter(([, coefficient]) => coefficient !== 0).sort(([a], [b]) => (a > b ? -1 : 1));
  if (terms.length === 0) return 0;
  if (terms.length === 1 && terms[0][0] === '') return terms[0][1];
  return terms
    .map(([names, coefficient]) => (names === '' ? coefficient : coefficient === 1 ? names : `${names}*${coefficient}`))
    .join('+');
}

export function addDims(dims: readonly Dim[]): Dim {
  return format(sum(dims.map(parse)));
}

/** Product of a shape's dimensions, divided by `divisor`. undefined: not divisible. */
export function sizeOf(shape: readonly Dim[], divisor = 1): Dim | undefined {
  const size = shape.map(parse).reduce(product, parse(1));
  if ([...size.values()].some((coefficient) => coefficient % divisor !== 0)) return undefined;
  return format(new Map([...size].map(([names, coefficient]) => [names, coefficient / divisor])));
}
