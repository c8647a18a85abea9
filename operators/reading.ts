/** What operators that go by a number read: a column of an observation of every text, or of the text itself, perhaps divided by another. */
import { z } from 'zod';
import { OBSERVATIONS, type ObservationName } from '../observations/index.js';
import type { Declared } from '../observations/types.js';
import { tableName, type ObservationNeed, type Tables, type Text } from './types.js';

/** What a text says of itself: no instrument looks. */
const ITSELF = 'text';
const PROPERTIES = {
  tokens: ({ tokens }: Text) => tokens.length,
  characters: ({ text }: Text) => [...text].length,
  words: ({ text }: Text) => text.split(/\s+/).filter((word) => word !== '').length,
} as const;

const ofTexts: readonly (readonly [name: string, columns: readonly string[]])[] = [
  ...Object.entries(OBSERVATIONS).flatMap(([name, row]) =>
    row.of === 'texts' && 'columns' in row ? [[name, Object.keys(row.columns)] as const] : [],
  ),
  [ITSELF, Object.keys(PROPERTIES)],
];
const column = z.enum([...new Set(ofTexts.flatMap(([, columns]) => columns))]);

export const readingFields = {
  observation: z
    .enum(ofTexts.map(([name]) => name))
    .default('likelihood')
    .describe('What is read of every text; text: what it says of itself, its tokens, characters or words.'),
  column: column.describe('The number that is compared.'),
  per: column.optional().describe('Divided by this one: nll_sum per token_count is the mean of a token, in nats.'),
  under: z
    .enum(['first', 'writer'])
    .default('first')
    .describe(
      'The model that reads: model 0 of the same member and seed, or the one that wrote; of detection: whose texts the detector learned to tell from real ones.',
    ),
};

type Reading = z.output<z.ZodObject<typeof readingFields>>;

/** For a schema's `check`: whether the observation has these columns. */
export function checkColumns({ value, issues }: { readonly value: Reading; readonly issues: z.core.$ZodRawIssue[] }): void {
  const columns = ofTexts.find(([name]) => name === value.observation)![1];
  for (const key of ['column', 'per'] as const)
    if (value[key] !== undefined && !columns.includes(value[key]))
      issues.push({ code: 'custom', path: [key], message: `${value.observation} has no ${value[key]}`, input: value[key] });
}

export function readingNeeds({ observation, under }: Reading): readonly ObservationNeed[] {
  if (observation === ITSELF) return [];
  const row: Declared = OBSERVATIONS[observation as ObservationName];
  return [{ observation, under, ...(row.by && { by: row.by }) }];
}

/** A number a text, in order; NaN where there is none. */
export function readingsOf(texts: readonly Text[], { observation, column, per, under }: Reading, tables: Tables): number[] {
  const of = (name: string): ((i: number) => number) => {
    if (observation === ITSELF) return (i) => PROPERTIES[name as keyof typeof PROPERTIES](texts[i]);
    const values = tables[tableName({ observation, under })].columns[name];
    return (i) => values[i];
  };
  const [numerator, denominator] = [of(column), per === undefined ? undefined : of(per)];
  return texts.map((_, i) => numerator(i) / (denominator?.(i) ?? 1));
}
