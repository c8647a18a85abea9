/** What each text has by itself, of metrics that are means over texts: their unit is the text, and texts can be drawn anew and tested. */
import { bootstrapMeans } from '../statistics/bootstrap.js';
import { normalQuantile } from '../statistics/distributions.js';
import { moments } from '../statistics/t-tests.js';
import { picked } from './size.js';
import type { Evaluation, EvaluationInput, Settings } from './types.js';

/** By variant a number a text, NaN where the text has none; only of variants that the evaluation calls means over texts. */
export function perText(evaluation: Evaluation, input: EvaluationInput, settings: Settings): ReadonlyMap<string, Float64Array> {
  const variants = evaluation.meansOverTexts ?? [];
  const { generated } = input.records;
  const found = new Map<string, Float64Array>();
  if (variants.length === 0 || generated === undefined) return found;
  const n = generated.texts.length;
  for (let i = 0; i < n; i++)
    for (const { variant, value } of evaluation.compute(
      {
        ...input,
        records: { ...input.records, generated: picked(generated, [i]) },
        references: input.references && [input.references[i]],
      },
      settings,
    )) {
      if (!variants.includes(variant)) continue;
      let of = found.get(variant);
      if (of === undefined) found.set(variant, (of = new Float64Array(n).fill(NaN)));
      of[i] = value;
    }
  return found;
}

/** 95 % intervals over texts by variant: how far the mean would have moved had other texts been drawn, of the same model. Two texts or more. */
export function intervalsOverTexts(
  evaluation: Evaluation,
  input: EvaluationInput,
  settings: Settings,
): ReadonlyMap<string, readonly [number, number]> {
  const found = [...perText(evaluation, input, settings)].filter(
    ([, of]) => of.filter((value) => !Number.isNaN(value)).length > 1,
  );
  const columns = found.map(([, of]) => of);
  const few = (columns[0]?.length ?? 0) <= BOOTSTRAPPED;
  const intervals = few ? bootstrapMeans(columns) : columns.map(normalInterval);
  return new Map(found.flatMap(([variant], i) => (intervals[i] ? [[variant, intervals[i]]] : [])));
}

/** Of more texts the bootstrap is what it tends to: mean ± 1.96 standard errors. */
const BOOTSTRAPPED = 5000;

function normalInterval(column: Float64Array): readonly [number, number] {
  const { n, mean, variance } = moments(column.filter((value) => !Number.isNaN(value)));
  const half = normalQuantile(0.975) * Math.sqrt(variance / n);
  return [mean - half, mean + half];
}
