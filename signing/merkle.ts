/**
 * The tree of RFC 9162 (https://www.rfc-editor.org/rfc/rfc9162#section-2.1), with SHA-256: a leaf is
 * H(0x00 ‖ data), an inner node H(0x01 ‖ left ‖ right), split at the largest power of two below the count; the tree of nothing is H().
 * A root says nothing without the count of its leaves.
 */
import { hash as hashOnce } from 'node:crypto';

const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);

/** Where parts are joined. Of a million small hashes an object each would cost more than they do. */
const JOINED = Buffer.allocUnsafe(1 << 16);

export function hash(...parts: readonly Uint8Array[]): Buffer {
  let size = 0;
  for (const part of parts) size += part.length;
  const joined = size <= JOINED.length ? JOINED : Buffer.allocUnsafe(size);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return Buffer.from(hashOnce('sha256', joined.subarray(0, size), 'binary'), 'binary');
}

export const leafHash = (data: Uint8Array): Buffer => hash(LEAF, data);
const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer => hash(NODE, left, right);

/** Hashes of leaves to the root, and the way up of one of them. Holds one hash a level, not the leaves. */
export class MerkleTree {
  /** roots of whole subtrees, the largest first */
  readonly #whole: { readonly hash: Buffer; readonly size: number; readonly first: number }[] = [];
  readonly #path: Buffer[] = [];
  #count = 0;
  #wanted = -1;

  get count(): number {
    return this.#count;
  }

  /** @param leaf hash of the next leaf (`leafHash`) @param wanted whether its path is asked for, of one leaf at most */
  add(leaf: Buffer, wanted = false): void {
    if (wanted) this.#wanted = this.#count;
    let top = { hash: leaf, size: 1, first: this.#count++ };
    for (let left = this.#whole.at(-1); left?.size === top.size; left = this.#whole.at(-1)) {
      this.#whole.pop();
      top = this.#join(left, top);
    }
    this.#whole.push(top);
  }

  /** Roots of whole subtrees, the largest first: with the count enough to go on from. */
  get frontier(): readonly Buffer[] {
    return this.#whole.map((one) => one.hash);
  }

  /** A tree of so many leaves to go on from; undefined where these are not the roots that it has. */
  static from(count: number, frontier: readonly Buffer[]): MerkleTree | undefined {
    const tree = new MerkleTree();
    let rest = count;
    for (const one of frontier) {
      const size = 2 ** Math.floor(Math.log2(rest));
      if (rest <= 0 || one.length !== 32) return undefined;
      tree.#whole.push({ hash: one, size, first: tree.#count });
      tree.#count += size;
      rest -= size;
    }
    return rest === 0 ? tree : undefined;
  }

  /** The root of what was added so far; `path` is from the leaf up, after the last leaf; empty where no leaf was asked for. */
  close(): { readonly root: Buffer; readonly path: readonly Buffer[] } {
    let top = this.#whole.at(-1);
    if (top === undefined) return { root: hash(), path: [] };
    for (const left of this.#whole.slice(0, -1).reverse()) top = this.#join(left, top);
    return { root: top.hash, path: this.#path };
  }

  #join(left: { hash: Buffer; size: number; first: number }, right: { hash: Buffer; size: number; first: number }) {
    const size = left.size + right.size;
    if (this.#wanted >= left.first && this.#wanted < left.first + size)
      this.#path.push(this.#wanted < right.first ? right.hash : left.hash);
    return { hash: nodeHash(left.hash, right.hash), size, first: left.first };
  }
}

export function merkleRoot(leaves: Iterable<Buffer>): Buffer {
  const tree = new MerkleTree();
  for (const leaf of leaves) tree.add(leaf);
  return tree.close().root;
}

/** Whether a leaf is at a place of a tree of so many leaves with this root (RFC 9162, 2.1.3.2). */
export function includes(root: Uint8Array, count: number, index: number, leaf: Uint8Array, path: readonly Uint8Array[]): boolean {
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(index) || index < 0 || index >= count) return false;
  if (path.some((one) => one.length !== 32)) return false;
  let [at, last] = [index, count - 1];
  let found: Uint8Array = leaf;
  for (const one of path) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      found = nodeHash(one, found);
      while (at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    } else found = nodeHash(found, one);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 && Buffer.compare(found, root) === 0;
}
