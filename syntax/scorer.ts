/** A linear model of many classes: keys of features, and of each the classes that it speaks for or against, in whole numbers. */

/** Adds up what features say of each class; the training's learner and the shipped model do. */
export interface Scorer {
  readonly classes: number;
  score(features: Int32Array, count: number, scores: Float64Array): void;
}

/** Keys with entries each. */
interface Entries {
  readonly classes: number;
  /** ascending as unsigned */
  readonly keys: Int32Array;
  /** keys.length + 1; entries of key i are offsets[i] to offsets[i + 1] */
  readonly offsets: Uint32Array;
  readonly entryClasses: Uint8Array;
}

/** As training leaves them. */
export interface Learned extends Entries {
  readonly entryWeights: Float32Array;
}

/** As they are shipped: a weight is its root squared, with its sign. So they are whole numbers, whose sums are the same in any order. */
export interface LinearWeights extends Entries {
  /** -127 to 127 */
  readonly entryRoots: Int8Array;
}

/** Most features that are asked for are unknown: a bit in a small table says so of nearly all of them before the large one is looked at. */
const BITS_A_KEY = 8;

const { imul } = Math;
/** spreads keys over slots */
const SPREAD = 0x9e3779b1;

export class LinearScorer implements Scorer {
  readonly classes: number;
  private readonly mask: number;
  /** (key, number + 1) of each slot; 0: free */
  private readonly slots: Int32Array;
  private readonly knownMask: number;
  private readonly known: Int32Array;
  private readonly offsets: Uint32Array;
  private readonly entryClasses: Uint8Array;
  private readonly entryWeights: Int16Array | Float32Array;

  constructor(weights: LinearWeights | Learned) {
    const { classes, keys, offsets, entryClasses } = weights;
    this.classes = classes;
    this.offsets = offsets;
    this.entryClasses = entryClasses;
    this.entryWeights =
      'entryWeights' in weights ? weights.entryWeights : Int16Array.from(weights.entryRoots, (root) => root * Math.abs(root));
    const power = (least: number): number => 1 << Math.max(5, Math.ceil(Math.log2(Math.max(1, least))));
    this.mask = power(keys.length * 1.5) - 1;
    this.slots = new Int32Array((this.mask + 1) * 2);
    this.knownMask = power(keys.length * BITS_A_KEY) - 1;
    this.known = new Int32Array((this.knownMask + 1) / 32);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      let at = ((imul(key, SPREAD) >>> 5) & this.mask) * 2;
      while (this.slots[at + 1] !== 0) at = (at + 2) & (this.mask * 2 + 1);
      this.slots[at] = key;
      this.slots[at + 1] = i + 1;
      const bit = key & this.knownMask;
      this.known[bit >>> 5] |= 1 << (bit & 31);
    }
  }

  score(features: Int32Array, count: number, scores: Float64Array): void {
    scores.fill(0);
    const { slots, mask, known, knownMask, offsets, entryClasses, entryWeights } = this;
    for (let f = 0; f < count; f++) {
      const key = features[f];
      const bit = key & knownMask;
      if ((known[bit >>> 5] & (1 << (bit & 31))) === 0) continue;
      for (let at = ((imul(key, SPREAD) >>> 5) & mask) * 2; slots[at + 1] !== 0; at = (at + 2) & (mask * 2 + 1)) {
        if (slots[at] !== key) continue;
        const i = slots[at + 1];
        for (let e = offsets[i - 1], end = offsets[i]; e < end; e++) scores[entryClasses[e]] += entryWeights[e];
        break;
      }
    }
  }
}
