/** What a plan's local sources hold, so that the plan is known by their content wherever they lie. */
import { join } from 'node:path';
import { measureFile } from '../artifacts/verified.js';
import { digestOf, type Digest } from '../common/canonical.js';
import type { AnyExperimentPlan } from '../spec/plan.js';
import { HabsburgError } from '../common/errors.js';
import { localSources, pathOfSource, type SourceDigests } from '../spec/sources.js';
import { resolveCheckpoint } from './checkpoint-source.js';

/**
 * The plan with the digests of its local sources; needed before it is run or named.
 * @throws 'notFound' or 'invalid' where a source cannot be read
 */
export async function identified<P extends AnyExperimentPlan>(plan: P): Promise<P> {
  const { data, checkpoints } = localSources(plan);
  const sources: Record<string, Digest> = {};
  for (const source of data) sources[source] = (await measureFile(pathOfSource(source))).digest;
  for (const source of checkpoints) sources[source] = digestOf(await checkpointFiles(source));
  return Object.keys(sources).length === 0 ? plan : { ...plan, sources };
}

/**
 * Sees that the local sources that a step is about to read hold what they held when the plan was made ready: a result belongs to the
 * plan that it is filed under.
 * @param sources of the plan; absent: nothing is known of them
 * @throws 'invalid' naming the one that changed, 'notFound' where one is gone
 */
export async function assertUnchanged(
  sources: SourceDigests | undefined,
  used: { readonly data?: readonly (string | undefined)[]; readonly checkpoint?: string },
): Promise<void> {
  const compare = async (source: string, digest: () => Promise<Digest>): Promise<void> => {
    if (sources?.[source] === undefined || (await digest()) === sources[source]) return;
    throw new HabsburgError(
      'invalid',
      `${pathOfSource(source)} has changed since this experiment was started, and its results would be filed under what it held then; put it back, or run the experiment again: it is then another plan, and finished steps are reused`,
    );
  };
  for (const source of new Set(used.data))
    if (source !== undefined) await compare(source, async () => (await measureFile(pathOfSource(source))).digest);
  const { checkpoint } = used;
  if (checkpoint !== undefined) await compare(checkpoint, async () => digestOf(await checkpointFiles(checkpoint)));
}

/** Digests of the files that are a checkpoint's model and tokenizer, by name. */
async function checkpointFiles(source: string): Promise<Record<string, Digest>> {
  const { folder, files } = await resolveCheckpoint(source);
  const digests: Record<string, Digest> = {};
  for (const file of files) digests[file] = (await measureFile(join(folder, file))).digest;
  return digests;
}
