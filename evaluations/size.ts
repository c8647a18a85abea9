/**
 * A metric at an equal size. Vocabulary, distinct-n, D_syn, coverage and their like move with how much was written, so sets of different size
 * are compared by their parts: the mean over some random subsets of a given size, drawn without replacement, and how far those lie apart.
 * What is drawn from is what a model wrote; the real texts that it may be held against stay whole. Any metric of written texts can be so
 * wrapped, and none knows of it.
 */
import { z } from 'zod';
import { CounterRng } from '../common/philox.js';
import { split } from './tokenizers.js';
import { tableName, type Evaluation, type EvaluationInput, type ObservedTable, type ScoreValue, type Settings, type Texts } from './types.js'; // prettier-ignore

const drawn = {
  samples: z.int().min(1).max(1000).default(10).describe('Subsets that are drawn; the value is the mean over them.'),
  seed: z.int().min(0).max(2 ** 31).default(0).describe('Which subsets are drawn.'), // prettier-ignore
};
const count = z.int().min(1).max(1e9);

/** What a file, or `--size`, says. */
export const sizeSchema = z
  .union([
    z.strictObject({ texts: count.describe('Written texts of a subset.'), ...drawn }),
    z.strictObject({
      words: count.describe('Words between white space of a subset, of metrics over token ids such ids: texts in random order, the last one cut.'), // prettier-ignore
      ...drawn,
    }),
  ])
  .describe('The metric at an equal size: the mean over random subsets of what was written.');
export type Size = z.output<typeof sizeSchema>;

/** Under these names a size stands among the settings of a plan and of a value; without one there are none. */
const PREFIX = 'size.';

export const sizeSettings = (size: Size): Settings =>
  Object.fromEntries(Object.entries(size).map(([key, value]) => [`${PREFIX}${key}`, value as number]));

/** A plan's settings in two: the metric's own, and the size. */
export function sizeOf(settings: Settings): { readonly own: Settings; readonly size?: Size } {
  const all = Object.entries(settings);
  const size = all.filter(([key]) => key.startsWith(PREFIX));
  if (size.length === 0) return { own: settings };
  return {
    own: Object.fromEntries(all.filter(([key]) => !key.startsWith(PREFIX))),
    size: sizeSchema.parse(Object.fromEntries(size.map(([key, value]) => [key.slice(PREFIX.length), value]))),
  };
}

/** Why a metric with these settings cannot be measured at such a size; undefined where it can. */
export function sizeProblem(
  { name, needs }: Pick<Evaluation, 'name' | 'needs'>,
  settings: Settings,
  size: Size,
): string | undefined {
  const observed = needs.observations ?? [];
  if (!needs.records?.includes('generated') && observed.every(({ of }) => of !== 'generated'))
    return `${name} does not measure written texts, so it has no size`;
  const unit = 'texts' in size ? 'texts' : 'words';
  if (unit === 'words' && (needs.references || observed.length > 0))
    return `${name} reads whole texts: its size is a number of texts`;
  const wanted = 'texts' in size ? size.texts : size.words;
  for (const key of unit === 'texts' ? ['texts'] : ['words', 'tokens']) {
    const most = settings[key];
    if (typeof most === 'number' && most > 0 && most < wanted)
      return `${name} looks at the first ${most} ${key} of a set alone, which is less than ${wanted}; set its ${key} to 0 or to the size`;
  }
  return undefined;
}

/** The values of an evaluation, at the size that its settings name or of all that was written. */
export function valuesOf(evaluation: Evaluation, input: EvaluationInput, settings: Settings): ScoreValue[] {
  const { own, size } = sizeOf(settings);
  if (size === undefined) return evaluation.compute(input, own);
  const generated = input.records.generated;
  const observed = (evaluation.needs.observations ?? []).filter(({ of }) => of === 'generated').map(tableName);
  const n = generated?.texts.length ?? rowsIn(input.tables[observed[0]]);
  const rng = new CounterRng({ seed: size.seed, generation: 0, member: '', step: 'equal-size' });
  const found = new Map<string, { readonly row: ScoreValue; readonly each: ScoreValue[] }>();
  try {
    for (let sample = 0; sample < size.samples; sample++) {
      const order = rng.permutation(n, sample);
      const kept = 'texts' in size ? order.subarray(0, size.texts) : order;
      if ('texts' in size && n < size.texts) throw new TooFew();
      for (const row of evaluation.compute(
        {
          ...input,
          records: generated ? { ...input.records, generated: 'texts' in size ? picked(generated, kept) : cut(generated, kept, size.words) } : input.records, // prettier-ignore
          tables: tablesOf(input, evaluation, observed, kept),
          references: input.references && Array.from(kept, (i) => input.references![i]),
        },
        own,
      )) {
        const before = found.get(row.variant);
        if (before) before.each.push(row);
        else found.set(row.variant, { row, each: [row] });
      }
    }
  } catch (error) {
    if (error instanceof TooFew) return [];
    throw error;
  }
  // a part that is not defined in some subset has no mean over all
  return [...found.values()].flatMap(({ row, each }) => (each.length === size.samples ? summed(row, each, settings) : []));
}

/** Less was written than the size asks for: a value of less is not one at that size. */
class TooFew extends Error {}

function summed(row: ScoreValue, each: readonly ScoreValue[], settings: Settings): ScoreValue[] {
  const mean = (of: (one: ScoreValue) => number): number => each.reduce((sum, one) => sum + of(one), 0) / each.length;
  // subsets that agree but for the order in which numbers were added agree
  const same = each.every((one) => Math.abs(one.value - row.value) <= 1e-12 * Math.abs(row.value));
  const value = same ? row.value : mean((one) => one.value);
  const n = Math.round(mean((one) => one.n));
  const own = { ...row, value, n, settings };
  if (each.length === 1) return [own];
  const sd = same ? 0 : Math.sqrt(each.reduce((sum, one) => sum + (one.value - value) ** 2, 0) / (each.length - 1));
  return [own, { ...own, variant: `${row.variant}/subset-sd`, value: sd, n: each.length }];
}

function rowsIn({ columns, texts = {} }: ObservedTable): number {
  return (Object.values(columns)[0] ?? Object.values(texts)[0]).length;
}

/** The tables that an evaluation reads, those of written records with the chosen rows alone. */
function tablesOf(
  input: EvaluationInput,
  { needs }: Evaluation,
  ofWritten: readonly string[],
  kept: Uint32Array,
): EvaluationInput['tables'] {
  return Object.fromEntries(
    (needs.observations ?? []).map(tableName).map((name) => {
      const table = input.tables[name];
      if (!ofWritten.includes(name)) return [name, table];
      const rows = <T>(of: Readonly<Record<string, ArrayLike<T>>>): Record<string, T[]> =>
        Object.fromEntries(Object.entries(of).map(([key, column]) => [key, Array.from(kept, (i) => column[i])]));
      return [name, { columns: rows(table.columns), ...(table.texts && { texts: rows(table.texts) }) }];
    }),
  );
}

/** Some texts, in this order; ids of tokens are looked at where a metric asks for them. */
export function picked(all: Texts, kept: ArrayLike<number>): Texts {
  const some = <T>(of: readonly T[]): T[] => Array.from(kept, (i) => of[i]);
  return {
    texts: some(all.texts),
    ids: some(all.ids),
    get tokens() {
      return some(all.tokens);
    },
    ...(all.prompts && { prompts: some(all.prompts) }),
    ...(all.written && { written: some(all.written) }),
    ...(all.openings && { openings: some(all.openings) }),
  };
}

/** So many words of texts in this order, or where token ids are asked for so many of these: the last text is cut. */
function cut(all: Texts, order: Uint32Array, most: number): Texts {
  const ofWords = (): Texts => {
    const { kept, last } = reach(order, (i) => split(all.texts[i]).length, most);
    const some = picked(all, kept);
    return { ...some, texts: some.texts.map((text, at) => (at === kept.length - 1 ? firstWords(text, last) : text)) };
  };
  const ofTokens = (): number[][] => {
    const { kept, last } = reach(order, (i) => all.tokens[i].length, most);
    return Array.from(kept, (i, at) => (at === kept.length - 1 ? all.tokens[i].slice(0, last) : [...all.tokens[i]]));
  };
  let made: Texts | undefined;
  const words = (): Texts => (made ??= ofWords());
  return {
    get texts() {
      return words().texts;
    },
    get ids() {
      return words().ids;
    },
    get prompts() {
      return words().prompts;
    },
    get written() {
      return words().written;
    },
    get openings() {
      return words().openings;
    },
    get tokens() {
      return ofTokens();
    },
  };
}

/** The first of these texts that together have so many words, and how many of the last one's count. */
function reach(order: Uint32Array, lengthOf: (i: number) => number, most: number): { kept: Uint32Array; last: number } {
  let left = most;
  for (let at = 0; at < order.length; at++) {
    const length = lengthOf(order[at]);
    if (length >= left) return { kept: order.subarray(0, at + 1), last: left };
    left -= length;
  }
  throw new TooFew();
}

/** A text up to the end of its k-th word: between two words there is white space alone, so the next word is found where it begins. */
function firstWords(text: string, k: number): string {
  let end = 0;
  for (const word of split(text).slice(0, k)) end = text.indexOf(word, end) + word.length;
  return text.slice(0, end);
}
