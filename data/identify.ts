/** What a plan's local sources hold, so that the plan is known by their content wherever they lie. */
import { join } from 'node:path';
import { measureFile } from '../artifacts/verified.js';
import { digestOf, type Digest } from '../common/canonical.js';
import type { ExperimentPlan } from '../spec/plan.js';
import { HabsburgError } from '../common/errors.js';
import { localSources, pathOfSource, type SourceDigests } from '../spec/sources.js';
import { resolveCheckpoint, resolveEncoder, type ResolvedCheckpoint } from './checkpoint-source.js';

/**
 * The plan with the digests of its local sources; needed before it is run or named.
 * @param known digests of sources that have been read already
 * @throws 'notFound' or 'invalid' where a source cannot be read
 */
export async function identified<P extends ExperimentPlan>(plan: P, known: SourceDigests = {}): Promise<P> {
  const { data, checkpoints, encoders } = localSources(plan);
  const sources: Record<string, Digest> = {};
  for (const source of data) sources[source] = known[source] ?? (await digestOfSource(source, 'data'));
  for (const source of checkpoints) sources[source] = await digestOfSource(source, 'checkpoint');
  for (const source of encoders) sources[source] = await digestOfSource(source, 'encoder');
  return Object.keys(sources).length === 0 ? plan : { ...plan, sources };
}

/** What a local source holds: a text or image file's digest, or that of a checkpoint's or encoder's files and their digests. */
export async function digestOfSource(source: string, kind: 'data' | 'checkpoint' | 'encoder'): Promise<Digest> {
  if (kind === 'data') return (await measureFile(pathOfSource(source))).digest;
  return digestOf(await checkpointDigests(await (kind === 'encoder' ? resolveEncoder(source) : resolveCheckpoint(source))));
}

/**
 * Sees that a local source, as a step has just read it, holds what it held when the plan was made ready: a result belongs to the plan
 * that it is filed under.
 * @param sources of the plan; absent: nothing is known of them
 * @param found the digest of what was read, as `identified` takes it
 * @throws 'invalid' naming the source
 */
export function assertUnchanged(sources: SourceDigests | undefined, source: string, found: Digest): void {
  if (sources?.[source] === undefined || found === sources[source]) return;
  throw new HabsburgError(
    'invalid',
    `${pathOfSource(source)} has changed since this experiment was started, and its results would be filed under what it held then; put it back, or run the experiment again: it is then another plan, and finished steps are reused`,
  );
}

/** Digests of the files that are a checkpoint's model and tokenizer, by name. */
export async function checkpointDigests({ folder, files }: ResolvedCheckpoint): Promise<Record<string, Digest>> {
  const digests: Record<string, Digest> = {};
  for (const file of [...files].sort()) digests[file] = (await measureFile(join(folder, file))).digest;
  return digests;
}
