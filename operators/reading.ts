/** What operators that go by a number read: a column of an observation of every text, or of the text itself, perhaps divided by another. */
import { z } from 'zod';
import { MODEL_SOURCE } from '../common/model-source.js';
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
  detector: z
    .string()
    .regex(MODEL_SOURCE, 'must be file:FOLDER or hf://OWNER/NAME@REVISION')
    .optional()
    .describe(
      'Of detection: a sequence classifier that reads in place of the one that is trained in the run, file:FOLDER or hf://OWNER/NAME@REVISION.',
    ),
  label: z
    .union([z.string().min(1), z.int().min(0)])
    .optional()
    .describe(
      "Of a detector that is given: its label for what a machine wrote, by name or number as its config.json's id2label has it.",
    ),
  temperature: z.number().gt(0).optional().describe('Of a detector that is given: its logits are divided by this. Default: 1.'),
};

type Reading = z.output<z.ZodObject<typeof readingFields>>;

/** For a schema's `check`: whether the observation has these columns, and what is said of a detector fits together. */
export function checkReading({ value, issues }: { readonly value: Reading; readonly issues: z.core.$ZodRawIssue[] }): void {
  const columns = ofTexts.find(([name]) => name === value.observation)![1];
  for (const key of ['column', 'per'] as const)
    if (value[key] !== undefined && !columns.includes(value[key]))
      issues.push({ code: 'custom', path: [key], message: `${value.observation} has no ${value[key]}`, input: value[key] });
  const refuse = (key: 'detector' | 'label' | 'temperature' | 'under', message: string): void =>
    void issues.push({ code: 'custom', path: [key], message, input: value[key] });
  if (value.detector === undefined) {
    for (const key of ['label', 'temperature'] as const)
      if (value[key] !== undefined) refuse(key, 'is of a detector that is given: add detector: file:FOLDER');
    return;
  }
  if (value.observation !== 'detection') refuse('detector', `reads no ${value.observation}: write observation: detection`);
  if (value.label === undefined)
    refuse('label', "say which of the detector's labels stands for what a machine wrote, as its config.json has it");
  if (value.under !== 'first') refuse('under', 'says whose texts a detector learns, and one that is given learns none');
}

export function readingNeeds({ observation, under, detector, label, temperature }: Reading): readonly ObservationNeed[] {
  if (observation === ITSELF) return [];
  if (detector !== undefined) {
    const settings = { label: label!, ...(temperature !== undefined && { temperature }) };
    return [{ observation, under: 'given', model: detector, settings }];
  }
  const row: Declared = OBSERVATIONS[observation as ObservationName];
  return [{ observation, under, ...(row.by && { by: row.by }) }];
}

/** A number a text, in order; NaN where there is none. */
export function readingsOf(texts: readonly Text[], reading: Reading, tables: Tables): number[] {
  const { observation, column, per } = reading;
  const under = reading.detector === undefined ? reading.under : 'given';
  const of = (name: string): ((i: number) => number) => {
    if (observation === ITSELF) return (i) => PROPERTIES[name as keyof typeof PROPERTIES](texts[i]);
    const values = tables[tableName({ observation, under })].columns[name];
    return (i) => values[i];
  };
  const [numerator, denominator] = [of(column), per === undefined ? undefined : of(per)];
  return texts.map((_, i) => numerator(i) / (denominator?.(i) ?? 1));
}
