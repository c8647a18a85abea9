/** What in a store must be kept: what documents lead to. Where that cannot be known for sure nothing is said, and nothing is collected. */
import { orDamage } from '../artifacts/damage.js';
import { keysUnder } from '../artifacts/keys-under.js';
import { hexOf, nameKey } from '../artifacts/keys.js';
import { stepName } from '../artifacts/step-record.js';
import type { ArtifactStore } from '../artifacts/types.js';
import { mapBounded } from '../common/bounded.js';
import type { Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { takeInventory, type Inventory } from './inventory.js';
import { Reach } from './reach.js';

const READS = 32;

export interface Marked {
  readonly inventory: Inventory;
  /** blobs and steps that must be kept, and digests of what is not there */
  readonly live: ReadonlySet<Digest>;
  /** blobs that may go, some of which are too young for that */
  readonly dead: readonly Digest[];
}

/**
 * Roots are the documents of experiments, pins and every other document under names/, what writers say that they rely on, and steps
 * that were made or found finished a short while ago: a run may go on with what no document names yet. Manifests of what statements name
 * are never dead: a proof needs them.
 * @param of.without experiments that are to go
 * @param of.since steps of this time or later are roots; by the store's clock
 * @throws 'verification' where a document that may lead to something cannot be read
 */
export async function mark(
  store: ArtifactStore,
  { without, since }: { readonly without: ReadonlySet<string>; readonly since: number },
): Promise<Marked> {
  const inventory = await takeInventory(store);
  const reach = await Reach.over(store, inventory);
  const documents = [...inventory.experiments]
    .filter(([name]) => !without.has(name))
    .flatMap(([, keys]) => keys.filter((key) => key.startsWith('names/')))
    .concat(inventory.names);
  await assertReadable(store, documents, reach.unreadable);
  const writers = await keysUnder(store.objects, 'writers/');
  const live = await reach.everything([...documents, ...writers, ...(await recent(store, inventory, since))]);
  // what nobody needs may be as damaged as it likes
  await assertReadable(
    store,
    [],
    [...reach.closed].filter((step) => live.has(step)),
  );
  const { artifacts } = reach;
  const dead = [...inventory.blobs.keys()].filter((digest) => !live.has(digest) && !artifacts.has(digest));
  return { inventory, live, dead };
}

/** Keys of the records of steps that were made, or found finished, since then. */
async function recent({ objects }: ArtifactStore, { steps }: Inventory, since: number): Promise<string[]> {
  const records = [...steps.keys()].map((step) => nameKey(stepName(step)));
  const found = await mapBounded(records, READS, (key) => objects.stat(key));
  // a time that is not told is no reason to let something go
  return records.filter((_, i) => found[i] && !(found[i].modified < since));
}

async function assertReadable(store: ArtifactStore, documents: readonly string[], steps: readonly Digest[]): Promise<void> {
  const { url } = store.objects;
  const stop = (what: string) =>
    new HabsburgError(
      'verification',
      `nothing is collected in ${url}: ${what}, so it is not known what must be kept; habsburg store check names all that is damaged, and habsburg run of its experiment puts it right`,
    );
  if (steps.length > 0) throw stop(`what is stated of the step ${hexOf(steps[0])} cannot be read`);
  await mapBounded(documents, READS, async (key) => {
    const found = await orDamage<unknown>(() => store.readName(key.slice('names/'.length, -'.json'.length)));
    if (typeof found === 'string') throw stop(found);
  });
}
