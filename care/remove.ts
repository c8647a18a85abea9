/** Takes an experiment's documents out of a store. What they led to stays until it is collected; statements stay always. */
import { unlessDamaged } from '../artifacts/damage.js';
import type { ArtifactStore } from '../artifacts/types.js';
import { HabsburgError } from '../common/errors.js';
import { documentsOf } from './retention.js';
import { pinnedExperiments } from './pins.js';

const RUN = /\/runs\/(.+)\/run\.json$/;

/**
 * @param options.run `<condition>/seed-<seed>`: of this one alone
 * @param options.unfinished those that say that they are running are taken away, too
 * @returns how many documents went
 * @throws 'notFound'; 'invalid' where it is pinned, or a run of it has not ended
 */
export async function removeExperiment(
  store: ArtifactStore,
  experiment: string,
  { run, unfinished }: { readonly run?: string; readonly unfinished?: boolean } = {},
): Promise<number> {
  const all = await documentsOf(store, experiment);
  const keys = run === undefined ? all : all.filter((key) => key.includes(`/runs/${run}/`));
  const what = run === undefined ? experiment : `${run} of ${experiment}`;
  if (keys.length === 0)
    throw new HabsburgError('notFound', `${store.objects.url} has nothing of ${what}; habsburg store usage lists what it has`);
  if ((await pinnedExperiments(store)).has(experiment))
    throw new HabsburgError('invalid', `${experiment} is pinned; habsburg store pins says by what name, and habsburg store unpin takes that away`); // prettier-ignore
  const going = unfinished ? undefined : await running(store, keys);
  if (going !== undefined)
    throw new HabsburgError(
      'invalid',
      `${going} of ${experiment} has not ended; habsburg cancel ${experiment} ends it, and where nothing goes on with it give --unfinished`,
    );
  for (const key of keys) await store.objects.delete(key);
  return keys.length;
}

/** A run whose document says that it goes on; one that cannot be read says nothing. */
async function running(store: ArtifactStore, keys: readonly string[]): Promise<string | undefined> {
  for (const key of keys) {
    const run = RUN.exec(key)?.[1];
    if (run === undefined) continue;
    const found = await store.readName<{ status?: unknown }>(key.slice('names/'.length, -'.json'.length)).catch(unlessDamaged);
    if (found?.status === 'running') return run;
  }
  return undefined;
}
