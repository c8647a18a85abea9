/**
 * A tree in which the bits of a key are its place, so that one key has one place and its absence can be shown; the shape of CONIKS and of the
 * IETF's key transparency. A leaf is H(0x00 ‖ key ‖ value), an inner node H(0x01 ‖ left ‖ right), an empty place 32 zero bytes; a subtree
 * of one key is its leaf, wherever it stands. Neighbours in a sorted list would prove nothing: that it is sorted is not seen from a root.
 */
import { hash } from '../signing/merkle.js';

const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);
const EMPTY = Buffer.alloc(32);
const BITS = 256;

/** 32 bytes each. */
export interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** The way down to where a key would be: what stands beside it, from the root on, and what is there. */
export interface PrefixProof {
  readonly beside: readonly Uint8Array[];
  /** the one entry at the end of the way; null: an empty place */
  readonly end: Entry | null;
}

/**
 * The root over entries, and the way to a key.
 * @param entries sorted by key, no key twice; sorted here once so that a subtree is a stretch of them
 */
export function prefixTree(
  entries: readonly Entry[],
  wanted?: Uint8Array,
): { readonly root: Buffer; readonly proof?: PrefixProof } {
  const beside: Uint8Array[] = [];
  let end: Entry | null = null;
  const build = (from: number, to: number, depth: number, onWay: boolean): Buffer => {
    if (to - from <= 1) {
      const entry = from === to ? null : entries[from];
      if (onWay) end = entry;
      return entry === null ? EMPTY : hash(LEAF, entry.key, entry.value);
    }
    if (depth === BITS) throw new Error('internal: a key is twice in a prefix tree');
    let [low, high] = [from, to];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (bit(entries[middle].key, depth) === 1) high = middle;
      else low = middle + 1;
    }
    const side = onWay && wanted ? bit(wanted, depth) : undefined;
    const left = build(from, low, depth + 1, side === 0);
    const right = build(low, to, depth + 1, side === 1);
    if (side !== undefined) beside[depth] = side === 0 ? right : left;
    return hash(NODE, left, right);
  };
  const root = build(0, entries.length, 0, wanted !== undefined);
  return wanted === undefined ? { root } : { root, proof: { beside, end } };
}

/** What a proof shows of a key under a root; `undefined` where it shows nothing, being of another key or root, or forged. */
export function shows(root: Uint8Array, key: Uint8Array, { beside, end }: PrefixProof): 'present' | 'absent' | undefined {
  const sizes = [key, ...beside, ...(end ? [end.key, end.value] : [])];
  if (sizes.some(({ length }) => length !== 32) || beside.length > BITS) return undefined;
  // what stands at the end of the way must belong there
  if (end && beside.some((_, depth) => bit(end.key, depth) !== bit(key, depth))) return undefined;
  let found = end === null ? EMPTY : hash(LEAF, end.key, end.value);
  for (let depth = beside.length - 1; depth >= 0; depth--)
    found = bit(key, depth) === 1 ? hash(NODE, beside[depth], found) : hash(NODE, found, beside[depth]);
  if (!found.equals(root)) return undefined;
  return end !== null && Buffer.compare(end.key, key) === 0 ? 'present' : 'absent';
}

const bit = (key: Uint8Array, depth: number): number => (key[depth >> 3] >> (7 - (depth & 7))) & 1;
