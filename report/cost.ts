/** What a condition's loop costs: what is trained, written and filtered for it, and how long that took when it was computed. */
import { checkStatements } from '../artifacts/statements.js';
import { readStep } from '../artifacts/step-record.js';
import type { ArtifactStore } from '../artifacts/types.js';
import { mapBounded } from '../common/bounded.js';
import type { Digest } from '../common/canonical.js';
import type { RunIndex } from '../spec/documents.js';
import { formatNumber } from './format.js';
import { grid } from './tests-table.js';
import { visible } from './text.js';

/** Step records read at a time. */
const READS = 16;

/** Kinds of work; everything else that a generation asks for is book-keeping. */
type Work = 'train' | 'write' | 'filter';

/**
 * Of a seed, all members and generations together; means over seeds. A step that several conditions share counts for each of them in
 * full, as if it were run alone.
 */
export interface Cost {
  readonly condition: string;
  /** seeds, and the last generation that each has done; those that have not come as far are left out */
  readonly seeds: number;
  readonly generations: number;
  /** optimiser steps */
  readonly updates: number;
  /** tokens that the models wrote, images or points */
  readonly written: number;
  /** texts that operators read */
  readonly filtered: number;
  /** of the attempt that finished each step, on whatever machine and beside whatever else; undefined where one is not known */
  readonly seconds: Readonly<Record<Work, number | undefined>>;
}

/** @param seconds how long a step took, by its key */
export function costs(runs: readonly RunIndex[], seconds: ReadonlyMap<Digest, number>): Cost[] {
  const conditions = [...new Set(runs.map(({ condition }) => condition))];
  return conditions.flatMap((condition): Cost[] => {
    const own = runs.filter((run) => run.condition === condition);
    const generations = Math.max(...own.map(({ generationsDone }) => generationsDone));
    const whole = own.filter((run) => run.generationsDone === generations).map(stepsOf);
    if (whole.every((steps) => steps.length === 0)) return [];
    const mean = (work: Work, of: (step: Step) => number | undefined): number | undefined => {
      const values = whole.flat().filter((step) => step.work === work).map(of); // prettier-ignore
      return values.includes(undefined) ? undefined : values.reduce<number>((sum, value) => sum + value!, 0) / whole.length;
    };
    const count = (work: Work, ...names: string[]) =>
      mean(work, ({ report }) => Number(names.map((name) => report[name]).find((value) => value !== undefined) ?? 0))!;
    const time = (work: Work) => mean(work, ({ key }) => seconds.get(key));
    return [
      {
        condition,
        seeds: whole.length,
        generations,
        updates: count('train', 'steps'),
        written: count('write', 'tokens', 'records'),
        filtered: count('filter', 'read'),
        seconds: { train: time('train'), write: time('write'), filter: time('filter') },
      },
    ];
  });
}

type Step = RunIndex['generations'][number]['members'][string]['steps'][string] & { readonly work: Work };

function stepsOf({ generations }: RunIndex): Step[] {
  return generations
    .flatMap(({ members }) => Object.values(members).flatMap(({ steps }) => Object.entries(steps)))
    .flatMap(([name, step]) => {
      const work = workOf(name);
      return work ? [{ ...step, work }] : [];
    });
}

function workOf(step: string): Work | undefined {
  if (step === 'finetune') return 'train';
  if (step.startsWith('through-')) return 'filter';
  // of a member that mixes its held-out texts, too: generate-valid
  return { generate: 'write', postprocess: 'filter' }[step.replace(/-(valid|test)$/, '')] as Work | undefined;
}

/** How long the loop's steps took, from the statements about them; one that has none that can be read is left out. */
export async function stepSeconds(store: ArtifactStore, runs: readonly RunIndex[]): Promise<Map<Digest, number>> {
  const keys = [...new Set(runs.flatMap((run) => stepsOf(run).map(({ key }) => key)))];
  const found = await mapBounded(keys, READS, async (key) => {
    const record = await readStep(store, key);
    const facts = record && (await checkStatements(store, record)).facts;
    return facts && (Date.parse(facts.invocation.finishedOn) - Date.parse(facts.invocation.startedOn)) / 1000;
  });
  return new Map(keys.flatMap((key, i) => (found[i] === undefined ? [] : [[key, found[i]]])));
}

const HEADS = ['condition', 'seeds', 'generations', 'optimiser steps', 'tokens written', 'texts filtered', 'train s', 'write s', 'filter s']; // prettier-ignore

/** A table for a terminal; empty where nothing is known of steps, as of cheap models. */
export function renderCosts(all: readonly Cost[]): string {
  if (all.length === 0) return '';
  const number = (value: number | undefined) => (value === undefined ? '–' : formatNumber(value));
  // the last column of a grid is set left, and numbers are not
  const rows = all.map(({ condition, seeds, generations, updates, written, filtered, seconds }) => [
    visible(condition),
    String(seeds),
    `0 to ${generations}`,
    ...[updates, written, filtered, seconds.train, seconds.write, seconds.filter].map(number),
    '',
  ]);
  return `What a condition costs alone (of a seed, means over seeds; seconds of the attempts that finished)\n${grid([...HEADS, ''], rows)}\n\n`;
}
