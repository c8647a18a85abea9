/** Getting at what an evaluation asked for. Whoever asks must have said so in `needs`: else it is a bug of ours. */
import { HabsburgError } from '../common/errors.js';
import type { Pair } from './pairs.js';
import type { EvaluationInput, ObservationRef, ObservedTable, RecordsRole, Settings, Texts, Truth } from './types.js';
import { tableName } from './types.js';

const lacks = (what: string): HabsburgError =>
  new HabsburgError('failed', `internal: an evaluation needs ${what}, which it was not given`);

export function textsOf(input: EvaluationInput, role: RecordsRole): Texts {
  const texts = input.records[role];
  if (texts === undefined) throw lacks(`the ${role} records`);
  return texts;
}

/** Written texts, the first so many where the metric's setting `texts` is above 0. */
export const firstTexts = (input: EvaluationInput, settings: Settings): readonly string[] =>
  textsOf(input, 'generated').texts.slice(0, Number(settings.texts) || undefined);

export function tokenTypesOf(input: EvaluationInput, role: RecordsRole): ReadonlySet<number> {
  const types = input.tokenTypes?.[role];
  if (types === undefined) throw lacks(`the token types of the ${role} records`);
  return types;
}

export function tableOf(input: EvaluationInput, need: ObservationRef): ObservedTable {
  const table = input.tables[tableName(need)];
  if (table === undefined) throw lacks(tableName(need));
  return table;
}

export function truthOf(input: EvaluationInput): Truth {
  if (input.truth === undefined) throw lacks('the truth');
  return input.truth;
}

export function pairsOf(input: EvaluationInput): Pair[] {
  const { references } = input;
  if (references === undefined) throw lacks('references');
  return textsOf(input, 'generated')
    .texts.map((text, i) => ({ text, references: references[i] }))
    .filter((pair) => pair.references.length > 0);
}
