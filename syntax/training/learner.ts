/** An averaged perceptron of many classes whose features are 32-bit keys. */

import type { Learned } from '../scorer.js';

const FIRST_ENTRIES = 1 << 20;
/** of a slot: its key, its first entry, its entries, and those that it has room for; none: free */
const SLOT = 4;

const { imul } = Math;
/** spreads keys over slots */
const SPREAD = 0x9e3779b1;

export class Learner {
  private readonly mask: number;
  private readonly slots: Int32Array;
  private used = 0;
  /** entries of a key lie side by side */
  private room = 0;
  private entryClasses = new Uint8Array(FIRST_ENTRIES);
  private weights = new Float32Array(FIRST_ENTRIES);
  private totals = new Float64Array(FIRST_ENTRIES);
  private stamps = new Int32Array(FIRST_ENTRIES);
  /** how often a key that has no entries yet was to be changed; keys that collide share a count */
  private readonly asked: Uint8Array;
  private now = 1;

  /** `patience`: a key's first so many changes are not made, so that what occurs once costs no memory and learns nothing by heart. */
  constructor(
    readonly classes: number,
    private readonly patience: number,
    bits = 23,
  ) {
    this.mask = (1 << bits) - 1;
    this.slots = new Int32Array(SLOT << bits);
    this.asked = new Uint8Array(1 << bits);
  }

  /** Where a key's slot is, or the free one that it would take. */
  private slotOf(key: number): number {
    let slot = imul(key, SPREAD) >>> 7;
    for (; ; slot++) {
      const at = (slot & this.mask) * SLOT;
      if (this.slots[at + 3] === 0 || this.slots[at] === key) return at;
    }
  }

  /** Sums of weights of `count` features, a class each. */
  score(features: Int32Array, count: number, scores: Float64Array): void {
    scores.fill(0);
    const { slots, entryClasses, weights } = this;
    for (let f = 0; f < count; f++) {
      const at = this.slotOf(features[f]);
      const first = slots[at + 1];
      for (let e = first, end = first + slots[at + 2]; e < end; e++) scores[entryClasses[e]] += weights[e];
    }
  }

  /** Adds `change` to the weight of each feature for a class. */
  change(features: Int32Array, count: number, of: number, change: number): void {
    for (let f = 0; f < count; f++) {
      const key = features[f];
      const at = this.slotOf(key);
      if (this.slots[at + 3] === 0) {
        const counted = (key ^ (key >>> 23)) & this.mask;
        if (this.asked[counted] < this.patience) {
          this.asked[counted]++;
          continue;
        }
        if (++this.used > this.mask * 0.8) throw new Error('internal: more features than the table holds');
        this.slots[at] = key;
        this.move(at, 2);
      }
      let e = this.slots[at + 1];
      const end = e + this.slots[at + 2];
      while (e < end && this.entryClasses[e] !== of) e++;
      if (e === end) {
        if (this.slots[at + 2] === this.slots[at + 3]) this.move(at, this.slots[at + 3] * 2);
        e = this.slots[at + 1] + this.slots[at + 2]++;
        this.entryClasses[e] = of;
        this.stamps[e] = this.now;
      }
      this.totals[e] += (this.now - this.stamps[e]) * this.weights[e];
      this.stamps[e] = this.now;
      this.weights[e] += change;
    }
  }

  /** An example has been looked at. */
  tick(): void {
    this.now++;
  }

  /** Gives a slot's entries a new place with more room; the old one stays empty. */
  private move(at: number, room: number): void {
    while (this.room + room > this.weights.length) this.grow();
    const first = this.slots[at + 1];
    const end = first + this.slots[at + 2];
    this.entryClasses.copyWithin(this.room, first, end);
    this.weights.copyWithin(this.room, first, end);
    this.totals.copyWithin(this.room, first, end);
    this.stamps.copyWithin(this.room, first, end);
    this.slots[at + 1] = this.room;
    this.slots[at + 3] = room;
    this.room += room;
  }

  private grow(): void {
    const size = this.weights.length * 2;
    const [entryClasses, weights] = [new Uint8Array(size), new Float32Array(size)];
    const [totals, stamps] = [new Float64Array(size), new Int32Array(size)];
    entryClasses.set(this.entryClasses);
    weights.set(this.weights);
    totals.set(this.totals);
    stamps.set(this.stamps);
    Object.assign(this, { entryClasses, weights, totals, stamps });
  }

  /** Weights averaged over all examples so far; those that are 0 are left out. */
  learned(): Learned {
    const { slots, mask, now } = this;
    const order = Int32Array.from({ length: this.used });
    let found = 0;
    for (let slot = 0; slot <= mask; slot++) if (slots[slot * SLOT + 3] !== 0) order[found++] = slot * SLOT;
    order.sort((a, b) => (slots[a] >>> 0) - (slots[b] >>> 0));
    const keys = new Int32Array(order.length);
    const offsets = new Uint32Array(order.length + 1);
    const entryClasses = new Uint8Array(this.room);
    const entryWeights = new Float32Array(this.room);
    let [kept, entries] = [0, 0];
    for (const at of order) {
      for (let e = slots[at + 1]; e < slots[at + 1] + slots[at + 2]; e++) {
        const weight = (this.totals[e] + (now - this.stamps[e]) * this.weights[e]) / now;
        if (weight === 0) continue;
        entryClasses[entries] = this.entryClasses[e];
        entryWeights[entries++] = weight;
      }
      if (entries === offsets[kept]) continue;
      keys[kept] = slots[at];
      offsets[++kept] = entries;
    }
    return {
      classes: this.classes,
      keys: keys.slice(0, kept),
      offsets: offsets.slice(0, kept + 1),
      entryClasses: entryClasses.slice(0, entries),
      entryWeights: entryWeights.slice(0, entries),
    };
  }
}
