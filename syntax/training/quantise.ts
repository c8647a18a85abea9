/** Weights of the learner as squares of whole numbers: a byte each, and small weights are told apart as large ones are. */
import type { Learned, LinearWeights } from '../scorer.js';

/** Entries that round to 0 are left out. @param most entries to keep: the largest */
export function quantise({ classes, keys, offsets, entryClasses, entryWeights }: Learned, most: number): LinearWeights {
  const sizes = entryWeights.map(Math.abs).sort();
  const scale = 127 ** 2 / sizes[sizes.length - 1];
  const least = sizes.length > most ? sizes[sizes.length - most] : 0;
  const kept = { keys: [] as number[], offsets: [0], classes: [] as number[], weights: [] as number[] };
  for (let i = 0; i < keys.length; i++) {
    const before = kept.classes.length;
    for (let e = offsets[i]; e < offsets[i + 1]; e++) {
      const root = Math.min(127, Math.round(Math.sqrt(Math.abs(entryWeights[e]) * scale)));
      if (root === 0 || Math.abs(entryWeights[e]) < least) continue;
      kept.classes.push(entryClasses[e]);
      kept.weights.push(entryWeights[e] < 0 ? -root : root);
    }
    if (kept.classes.length === before) continue;
    kept.keys.push(keys[i]);
    kept.offsets.push(kept.classes.length);
  }
  return {
    classes,
    keys: Int32Array.from(kept.keys),
    offsets: Uint32Array.from(kept.offsets),
    entryClasses: Uint8Array.from(kept.classes),
    entryRoots: Int8Array.from(kept.weights),
  };
}
