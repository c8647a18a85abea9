/** The file of a trained model: linear models by name, the names of their classes, and where they come from. */
import { packed, unpacked } from './container.js';
import type { Move } from './parser.js';
import type { LinearWeights } from './scorer.js';
import type { Tag } from './tagger.js';

/** What the classes of each linear model are, and of which treebank. */
export interface ModelHead {
  readonly treebank: string;
  readonly licence: string;
  readonly tags: readonly Tag[];
  /** relations by number */
  readonly labels: readonly string[];
  readonly parsers: readonly ParserHead[];
}

/** One of the parsers that vote. */
export interface ParserHead {
  /** reads sentences from their end */
  readonly backward: boolean;
  readonly moves: readonly Move[];
  /** mean margin of its arcs: what a margin is held against, for each parser has points of its own scale */
  readonly margin: number;
}

export interface Model {
  readonly head: ModelHead;
  readonly segmenter: LinearWeights;
  readonly tagger: LinearWeights;
  /** in the head's order */
  readonly parsers: readonly LinearWeights[];
}

const FORMAT = 'habsburg-syntax-1';

interface Part {
  readonly classes: number;
  readonly keys: number;
  readonly entries: number;
}

/** Numbers in 7 bits a byte, small ones first: gaps between keys and counts of entries are small. */
class Varints {
  private bytes = new Uint8Array(1 << 16);
  private length = 0;

  push(value: number): void {
    if (this.length + 5 > this.bytes.length) {
      const grown = new Uint8Array(this.bytes.length * 2);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    let rest = value >>> 0;
    for (; rest > 127; rest >>>= 7) this.bytes[this.length++] = (rest & 127) | 128;
    this.bytes[this.length++] = rest;
  }

  done(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

function bytesOf({ keys, offsets, entryClasses, entryRoots }: LinearWeights): Uint8Array[] {
  const gaps = new Varints();
  const counts = new Varints();
  keys.forEach((key, i) => {
    gaps.push((key >>> 0) - (i === 0 ? 0 : keys[i - 1] >>> 0));
    counts.push(offsets[i + 1] - offsets[i]);
  });
  return [gaps.done(), counts.done(), entryClasses, new Uint8Array(entryRoots.buffer, entryRoots.byteOffset, entryRoots.length)];
}

/** Equal models give equal bytes. */
export function writeModel(model: Model): Uint8Array {
  const all = [model.segmenter, model.tagger, ...model.parsers];
  const parts = all.map(({ classes, keys, entryClasses }): Part => ({
    classes,
    keys: keys.length,
    entries: entryClasses.length,
  }));
  return packed(FORMAT, { ...model.head, parts }, all.flatMap(bytesOf), 11);
}

/** @throws HabsburgError 'verification' where `where` is no such file */
export function readModel(file: Uint8Array, where: string): Model {
  return unpacked<ModelHead & { readonly parts: readonly Part[] }, Model>(
    file,
    { format: FORMAT, what: 'model', where },
    ({ parts, ...head }, bytes, end) => {
      let at = end;
      const next = (): number => {
        let value = 0;
        for (let shift = 0; ; shift += 7) {
          if (at >= bytes.length) throw new Error('it ends too early');
          value |= (bytes[at] & 127) << shift;
          if (bytes[at++] < 128) return value;
        }
      };
      const read = ({ classes, keys: count, entries }: Part): LinearWeights => {
        const keys = new Int32Array(count);
        for (let i = 0, key = 0; i < count; i++) keys[i] = key = (key + next()) | 0;
        const offsets = new Uint32Array(count + 1);
        for (let i = 0; i < count; i++) offsets[i + 1] = offsets[i] + next();
        if (offsets[count] !== entries || at + 2 * entries > bytes.length) throw new Error('it ends too early');
        const entryClasses = Uint8Array.from(bytes.subarray(at, at + entries));
        const entryRoots = Int8Array.from(bytes.subarray(at + entries, at + 2 * entries), (byte) => (byte << 24) >> 24);
        at += 2 * entries;
        return { classes, keys, offsets, entryClasses, entryRoots };
      };
      const [segmenter, tagger, ...parsers] = parts.map(read);
      return { head, segmenter, tagger, parsers };
    },
  );
}
