/** What a plan's local sources hold, so that the plan is known by their content wherever they lie. */
import { join } from 'node:path';
import { measureFile } from '../artifacts/verified.js';
import { digestOf, type Digest } from '../common/canonical.js';
import type { AnyExperimentPlan } from '../spec/plan.js';
import { localSources } from '../spec/sources.js';
import { resolveCheckpoint } from './checkpoint-source.js';

/**
 * The plan with the digests of its local sources; needed before it is run or named.
 * @throws 'notFound' or 'invalid' where a source cannot be read
 */
export async function identified<P extends AnyExperimentPlan>(plan: P): Promise<P> {
  const { data, checkpoints } = localSources(plan);
  const sources: Record<string, Digest> = {};
  for (const source of data) sources[source] = (await measureFile(pathOf(source))).digest;
  for (const source of checkpoints) sources[source] = digestOf(await checkpointFiles(source));
  return Object.keys(sources).length === 0 ? plan : { ...plan, sources };
}

/** Digests of the files that are a checkpoint's model and tokenizer, by name. */
async function checkpointFiles(source: string): Promise<Record<string, Digest>> {
  const { folder, files } = await resolveCheckpoint(source);
  const digests: Record<string, Digest> = {};
  for (const file of files) digests[file] = (await measureFile(join(folder, file))).digest;
  return digests;
}

function pathOf(source: string): string {
  return source.slice('file:'.length).replace(/^\/\/(?=\/)/, '');
}
