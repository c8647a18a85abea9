/** What was removed from a store on purpose: so that a reader who misses it does not take it for lost. */
import { z } from 'zod';
import type { Digest } from '../common/canonical.js';
import { digest } from './shapes.js';
import type { ArtifactStore } from './types.js';

const SCHEMA = 'habsburg.removed/v1';
const ROOT = 'removed/';

const removedDocument = z.object({
  schema: z.literal(SCHEMA),
  /** digest of the plan by which it was removed */
  plan: digest,
  /** when, by the store's clock */
  at: z.string(),
  /** files, by digest */
  files: z.array(digest),
});
export type Removed = Omit<z.infer<typeof removedDocument>, 'schema'>;

const nameOf = (plan: Digest): string => `${ROOT}${plan.slice('sha256:'.length)}`;

/** To be written before anything goes. One that was interrupted and goes on adds to what it wrote before. */
export async function writeRemoved(store: ArtifactStore, { plan, at, files }: Removed): Promise<void> {
  const before = await store.readName(nameOf(plan), removedDocument);
  const all = [...new Set([...(before?.files ?? []), ...files])].sort();
  await store.writeName(nameOf(plan), { schema: SCHEMA, plan, at, files: all });
}

/** When each file was removed last; it may be there again. */
export async function readRemoved(store: ArtifactStore): Promise<ReadonlyMap<Digest, string>> {
  const removed = new Map<Digest, string>();
  for await (const name of store.listNames(ROOT)) {
    const found = await store.readName(name, removedDocument);
    for (const file of found?.files ?? []) if ((removed.get(file) ?? '') < found!.at) removed.set(file, found!.at);
  }
  return removed;
}
