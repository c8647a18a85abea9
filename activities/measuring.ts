/**
 * Evaluations in a thread: what they ask for goes there as the folders of artifacts, each once for all evaluations of a generation. A
 * thread that is done waits for the next generation; there are as many as there were generations scored at a time.
 */
import { cancellationSignal } from '@temporalio/activity';
import type { ArtifactRef } from '../artifacts/types.js';
import type { Digest } from '../common/canonical.js';
import { openThread, type Thread } from '../common/thread.js';
import type { Evaluation, RecordsRole } from '../evaluations/types.js';
import { rolesOf, tableName } from '../evaluations/types.js';
import type { ScoresDocument } from '../spec/results.js';
import type { Given, Measurement } from './measure.js';
import { recordsOf } from './sets.js';
import type { StepContext } from './step.js';

const MEASURE = new URL('./measure.js', import.meta.url);
const idle: Thread[] = [];

/** One evaluation. @param refs artifacts by role, by tableName, and `truth` */
export type Measured = (
  step: StepContext,
  refs: Readonly<Record<string, ArtifactRef>>,
  what: Omit<Measurement, 'evaluation' | 'given'> & { readonly evaluation: Evaluation },
) => Promise<ScoresDocument>;

/** Lends a thread for the evaluations of a generation. */
export async function measuring(work: (measured: Measured) => Promise<void>): Promise<void> {
  const thread = idle.pop() ?? openThread();
  /** what the thread has read, it keeps */
  const known = new Set<Digest>();
  const given = async ({ of, needs }: Evaluation, refs: Readonly<Record<string, ArtifactRef>>, step: StepContext) => {
    const names = [
      ...(of === 'texts' ? rolesOf(needs) : needs.records ? ['generated'] : []),
      ...(needs.observations ?? []).map(tableName),
      ...(needs.truth ? ['truth'] : []),
    ];
    const read: Record<string, Given['read'][string]> = {};
    for (const name of names) {
      const { digest } = refs[name];
      read[name] = known.has(digest) ? { digest } : { digest, folder: await recordsOf(step, refs[name]) };
    }
    const tokenTypes: Partial<Record<RecordsRole, ReadonlySet<number>>> = {};
    for (const role of needs.tokenTypes ?? []) tokenTypes[role] = await typesOf(refs[role], step);
    return { read, tokenTypes };
  };
  let used = false;
  try {
    await work(async (step, refs, { evaluation, settings, subject }) => {
      const job: Measurement = { evaluation, settings, subject, given: await given(evaluation, refs, step) };
      const { name, variant } = evaluation;
      used = true;
      const found = await thread.call<ScoresDocument>(MEASURE, 'measure', { ...job, evaluation: { name, variant } }, cancellationSignal()); // prettier-ignore
      for (const { digest } of Object.values(job.given.read)) known.add(digest);
      return found;
    });
    if (used) await thread.call(MEASURE, 'forget', undefined);
    idle.push(thread);
  } catch (error) {
    await thread.close();
    throw error;
  }
}

/** Of the sets that this process has read last: a run asks for those of its real records in every generation. */
const typesKnown = new Map<Digest, ReadonlySet<number>>();
const MAX_TYPES_KNOWN = 16;

async function typesOf(ref: ArtifactRef, step: StepContext): Promise<ReadonlySet<number>> {
  const known = typesKnown.get(ref.digest);
  if (known) return known;
  const types = await step.thread<ReadonlySet<number>>(new URL('./token-types.js', import.meta.url), 'tokenTypesIn', await recordsOf(step, ref)); // prettier-ignore
  if (typesKnown.size === MAX_TYPES_KNOWN) typesKnown.delete(typesKnown.keys().next().value!);
  typesKnown.set(ref.digest, types);
  return types;
}
