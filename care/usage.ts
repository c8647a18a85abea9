/** What takes up a store's disk: bytes by experiment, run and kind of artifact. */
import type { ArtifactStore } from '../artifacts/types.js';
import { addTo } from '../common/add-to.js';
import type { Digest } from '../common/canonical.js';
import { takeInventory, type Inventory } from './inventory.js';
import { Reach } from './reach.js';

/** Bytes of everything that an experiment, or a run, came from: texts, models and sources with all that they were made of. */
export interface Use {
  readonly name: string;
  readonly blobs: number;
  readonly bytes: number;
  /** of these, what none of the others leads to */
  readonly alone: number;
  /** kind of artifact (model, dataset …), `manifest` or `document`: bytes */
  readonly kinds: Readonly<Record<string, number>>;
}

export interface Usage {
  readonly blobs: number;
  readonly bytes: number;
  /** the largest first */
  readonly uses: readonly Use[];
  /** what no experiment leads to: left by steps whose run has not recorded them yet, or by what was removed */
  readonly loose: { readonly blobs: number; readonly bytes: number };
  /** of steps under way, in bytes */
  readonly checkpoints: number;
}

/** @param experiment of which the runs are told apart; without, experiments are. */
export async function usageOf(store: ArtifactStore, experiment?: string): Promise<Usage> {
  const inventory = await takeInventory(store);
  const reach = await Reach.over(store, inventory);
  const parts = experiment === undefined ? recorded(inventory.experiments) : runsOf(inventory.experiments.get(experiment) ?? []);
  const led = new Map<string, ReadonlySet<Digest>>();
  for (const [name, keys] of parts) led.set(name, await reach.from(keys));
  const all = experiment === undefined ? new Set([...led.values()].flatMap((blobs) => [...blobs])) : undefined;
  const loose = all && [...inventory.blobs.keys()].filter((digest) => !all.has(digest));
  return {
    ...counted(inventory, inventory.blobs.keys()),
    uses: uses(inventory, reach, led).sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1)),
    loose: counted(inventory, loose ?? []),
    checkpoints: inventory.checkpoints,
  };
}

/** Those that have documents; of one that was removed only statements are left. */
function recorded(experiments: Inventory['experiments']): Map<string, readonly string[]> {
  return new Map([...experiments].filter(([, keys]) => keys.some((key) => key.startsWith('names/'))));
}

function uses(inventory: Inventory, reach: Reach, led: ReadonlyMap<string, ReadonlySet<Digest>>): Use[] {
  const users = new Map<Digest, number>();
  for (const blobs of led.values()) for (const digest of blobs) users.set(digest, (users.get(digest) ?? 0) + 1);
  return [...led].map(([name, blobs]) => {
    const kinds: Record<string, number> = {};
    for (const digest of blobs) {
      const kind = reach.kindOf(digest);
      kinds[kind] = (kinds[kind] ?? 0) + inventory.blobs.get(digest)!;
    }
    const alone = [...blobs].filter((digest) => users.get(digest) === 1);
    return { name, ...counted(inventory, blobs), alone: counted(inventory, alone).bytes, kinds };
  });
}

function counted({ blobs }: Inventory, digests: Iterable<Digest>): { blobs: number; bytes: number } {
  let [count, bytes] = [0, 0];
  for (const digest of digests) {
    count++;
    bytes += blobs.get(digest)!;
  }
  return { blobs: count, bytes };
}

/** A run is a condition and a seed, or a block of them. */
const RUN = /^(?:names|statements)\/experiments\/[^/]+\/([0-9a-f]{8})[0-9a-f]*\/runs\/([^/]+\/[^/]+)\//;

/** Keys by run; with the first digits of the plan where an experiment had several. */
function runsOf(keys: readonly string[]): Map<string, string[]> {
  const found = keys.flatMap((key) => {
    const run = RUN.exec(key);
    return run ? [{ plan: run[1], run: run[2], key }] : [];
  });
  const several = new Set(found.map(({ plan }) => plan)).size > 1;
  const runs = new Map<string, string[]>();
  for (const { plan, run, key } of found) addTo(runs, several ? `${run} (plan ${plan})` : run, key);
  return runs;
}
