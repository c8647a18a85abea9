/** One prompt continued by every generation: which prompts there are, and what each condition and generation wrote after them. */
import type { Results } from './rows.js';
import type { Place } from './scores.js';
import type { Sample } from '../evaluations/types.js';
import { groupBy } from './summary.js';

/** What one condition (and member) wrote after a prompt. */
export interface ContinuationColumn {
  readonly label: string;
  /** by generation */
  readonly texts: ReadonlyMap<number, string>;
}

/** A prompt and one seed's continuations, conditions side by side. */
export interface Continuations {
  /** empty where texts were written without */
  readonly prompt: string;
  readonly seed: number;
  readonly generations: readonly number[];
  readonly columns: readonly ContinuationColumn[];
}

/**
 * By how many generations continue a prompt; seeds in order. Where every generation continues what the one before it wrote,
 * texts at the same position of their datasets belong together, under the first one's prompt; so they do without prompts.
 */
export function continuations(results: Pick<Results, 'samples' | 'plan'>): Continuations[] {
  const several = new Set(results.samples.map((sample) => sample.member)).size > 1;
  const conditions = results.plan.conditions.map((condition) => condition.name);
  const chained = results.plan.conditions.some(({ members }) =>
    members.some((member) => 'prompts' in member && member.prompts !== 'original'),
  );
  const groups = groupBy(results.samples, (sample) => (chained ? positionOf(sample.record) : sample.prompt));
  const prompts = [...groups.values()].map((samples) => ({
    prompt: samples.reduce((a, b) => (b.generation < a.generation ? b : a)).prompt,
    samples,
  }));
  prompts.sort((a, b) => b.samples.length - a.samples.length);
  return prompts.flatMap(({ prompt, samples }) =>
    [...groupBy(samples, (sample) => sample.seed)]
      .sort(([a], [b]) => a - b)
      .map(([seed, ofSeed]): Continuations => {
        const labelled = groupBy(ofSeed, ({ condition, member }) => (several ? `${condition} · ${member}` : condition));
        const columns = [...labelled].sort(
          ([, [a]], [, [b]]) => conditions.indexOf(a.condition) - conditions.indexOf(b.condition),
        );
        const generations = [...new Set(ofSeed.map((sample) => sample.generation))].sort((a, b) => a - b);
        return {
          prompt: withoutMarks(prompt),
          seed,
          generations,
          columns: columns.map(([label, ofColumn]) => ({ label, texts: textsOf(ofColumn) })),
        };
      }),
  );
}

/** What ends a record's id: its position in its dataset ("g3/opt/000012"). */
function positionOf(record: string): string {
  return record.slice(record.lastIndexOf('/') + 1);
}

/** Marks that a tokenizer puts between documents; they are part of a record, but nobody wants to read them. */
const SPECIAL = /<\/?s>|<pad>|<\|[a-z_]+\|>/g;

function withoutMarks(text: string): string {
  return text.replace(SPECIAL, '');
}

/** The first text of each generation. */
function textsOf(samples: readonly (Sample & Place)[]): Map<number, string> {
  const texts = new Map<number, string>();
  for (const { generation, text } of samples) if (!texts.has(generation)) texts.set(generation, withoutMarks(text));
  return texts;
}
