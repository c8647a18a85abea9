/**
 * sample: draws a member's training set from the pool by its terms, or its validation or test set by the same. Outputs `train`, a selection; and of each member of which all
 * generations are read, `past/NAME`: what it has written so far, a selection that the next generation adds to.
 */
import { join } from 'node:path';
import type { ArtifactRef } from '../artifacts/types.js';
import { HabsburgError } from '../common/errors.js';
import { CounterRng } from '../common/philox.js';
import { RECORDS_FILE, readHeads } from '../pool/records.js';
import { drawingOf, select, type Run } from '../pool/select.js';
import { selectionOf, writeSelection, type SelectedSet } from '../pool/selection.js';
import { isReal, pastsRead, setName, setsOf } from '../spec/mixture.js';
import { recordsOf } from './sets.js';
import type { StepContext, StepOutput } from './step.js';
import { runStep } from './step.js';
import type { ActivityDependencies, SampleInput, StepResult } from './types.js';

const VERSION = 2;

export function sampleActivity(deps: ActivityDependencies) {
  return (input: SampleInput): Promise<StepResult> => {
    const { place, terms, sample, earlier, split, sets } = input;
    const { seed, generation, member } = place;
    const parameters = { terms, ...(sample && { sample }), ...(earlier && { earlier }), ...(split && { split }) };
    return runStep(deps, { step: 'sample', version: VERSION, place, inputs: sets, parameters, engine: false }, async (step) => {
      const known = new Map<string, SelectedSet>();
      for (const [name, ref] of Object.entries(sets)) known.set(name, await sizeOf(step, ref));
      const inPlace = terms.some(({ draw }) => draw === 'in-place');
      const other = Object.keys(sets).find((name) => name !== 'real');
      const runs = select({
        ...drawingOf({ ...input, generation }, () => known.get('real')!.records),
        self: member,
        generation,
        sizes: new Map([...known].map(([name, { records }]) => [name, records])),
        continued: inPlace && other !== undefined ? await positionsOf(step, sets[other]) : undefined,
        rngOf: (t) => new CounterRng({ seed, generation: t, member, step: split ? `sample/${split}` : 'sample' }),
      });
      const outputs: Record<string, StepOutput> = { train: await output(step, 'train', known, runs) };
      if (generation > 0)
        for (const { name, writer, term } of pastsRead(terms, member)) {
          const past = setsOf({ ...term, from: writer }, member, generation).map(setName);
          const whole = past.map((set) => ({ set, first: 0, count: known.get(set)!.records }));
          outputs[`past/${name}`] = await output(step, `past-${writer}`, known, whole);
        }
      const real = count(runs.filter(({ set }) => isReal(set)));
      return { outputs, report: { records: count(runs), real } };
    });
  };
}

async function sizeOf(step: StepContext, { kind, digest }: ArtifactRef): Promise<SelectedSet> {
  const { records } = (await step.store.manifest(digest)).facts;
  if (typeof records !== 'number')
    throw new HabsburgError('verification', `${kind} ${digest} does not say how many records it has`);
  return { kind, digest, records };
}

/** Of each written record, the position of what it continues: its id ends in it, and empty records were dropped. */
async function positionsOf(step: StepContext, written: ArtifactRef): Promise<(i: number) => number> {
  const positions: number[] = [];
  for await (const { id } of readHeads(join(await recordsOf(step, written), RECORDS_FILE))) {
    const position = Number(/(\d+)$/.exec(id)?.[1] ?? NaN);
    if (Number.isNaN(position)) throw new HabsburgError('failed', `internal: ${id} ends in no position`);
    positions.push(position);
  }
  return (i) => positions[i];
}

async function output(
  step: StepContext,
  name: string,
  sets: ReadonlyMap<string, SelectedSet>,
  runs: readonly Run[],
): Promise<StepOutput> {
  const folder = await step.folder(name);
  await writeSelection(folder, selectionOf(sets, runs));
  return { kind: 'selection', folder, facts: { records: count(runs) } };
}

function count(runs: readonly Run[]): number {
  return runs.reduce((sum, run) => sum + run.count, 0);
}
