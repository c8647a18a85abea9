/** How alike parse trees are: the Weisfeiler-Lehman subtree kernel over words' tags (Shervashidze et al., JMLR 12, 2011). */

/** A sentence's tree: of each word, its tag and its head, 1 to n or 0 for the root. */
export interface Tree {
  readonly labels: readonly string[];
  readonly heads: ArrayLike<number>;
}

/** Sparse rows, one a tree: how often it has which label, over the square root of the kernel with itself. */
export interface KernelRows {
  readonly trees: number;
  /** labels that more than one tree has; `features` are numbers below */
  readonly labels: number;
  /** trees + 1; the row of tree i is offsets[i] to offsets[i + 1] */
  readonly offsets: Uint32Array;
  readonly features: Uint32Array;
  readonly values: Float64Array;
  /** what labels that no other tree has add to the kernel of each tree with itself */
  readonly own: Float64Array;
}

/** The tag of the node above every root, as GraKeL is given it. */
const ROOT = 'none';

/** Labels of the levels 0 to `depth` of all trees, by number. */
class Labels {
  private readonly numbers = new Map<string, number>();

  of(level: number, name: string): number {
    const key = `${level} ${name}`;
    let number = this.numbers.get(key);
    if (number === undefined) this.numbers.set(key, (number = this.numbers.size));
    return number;
  }
}

/** A node's neighbours: its dependents and its head. Node 0 is the root. */
function neighboursOf(heads: ArrayLike<number>): { readonly from: Uint32Array; readonly of: Uint32Array } {
  const nodes = heads.length + 1;
  const from = new Uint32Array(nodes + 1);
  for (let i = 1; i < nodes; i++) {
    from[i + 1]++;
    from[heads[i - 1] + 1]++;
  }
  for (let i = 0; i < nodes; i++) from[i + 1] += from[i];
  const at = from.slice();
  const of = new Uint32Array(from[nodes]);
  for (let i = 1; i < nodes; i++) {
    const head = heads[i - 1];
    of[at[i]++] = head;
    of[at[head]++] = i;
  }
  return { from, of };
}

/** How often a tree has each label of the levels 0 to `depth`. */
function countsOf({ labels, heads }: Tree, depth: number, numbers: Labels): Map<number, number> {
  const counts = new Map<number, number>();
  const count = (label: number): void => void counts.set(label, (counts.get(label) ?? 0) + 1);
  let present = [ROOT, ...labels].map((label) => numbers.of(0, label));
  present.forEach(count);
  const { from, of } = neighboursOf(heads);
  for (let level = 1; level <= depth; level++) {
    const before = present;
    present = before.map((label, node) => {
      const around = Array.from(of.subarray(from[node], from[node + 1]), (other) => before[other]).sort((a, b) => a - b);
      return numbers.of(level, `${label}:${around.join(' ')}`);
    });
    present.forEach(count);
  }
  return counts;
}

/**
 * The kernel of two trees is the sum over labels of the product of their counts, normalised to 1 of a tree with itself; a node's label of
 * level l + 1 is its label of level l and the sorted ones of its neighbours. Linear in the number of words.
 * @param depth levels above the tags themselves: GraKeL's n_iter
 */
export function kernelRows(trees: readonly Tree[], depth: number): KernelRows {
  const numbers = new Labels();
  const counts = trees.map((tree) => countsOf(tree, depth, numbers));
  const holders = new Map<number, number>();
  for (const row of counts) for (const label of row.keys()) holders.set(label, (holders.get(label) ?? 0) + 1);
  const shared = new Map<number, number>();
  for (const [label, count] of holders) if (count > 1) shared.set(label, shared.size);
  const offsets = new Uint32Array(trees.length + 1);
  const features: number[] = [];
  const values: number[] = [];
  const own = new Float64Array(trees.length);
  counts.forEach((row, i) => {
    let square = 0;
    for (const count of row.values()) square += count * count;
    const entries = [...row].sort(([a], [b]) => a - b);
    for (const [label, count] of entries) {
      const feature = shared.get(label);
      if (feature === undefined) own[i] += (count * count) / square;
      else {
        features.push(feature);
        values.push(count / Math.sqrt(square));
      }
    }
    offsets[i + 1] = features.length;
  });
  return {
    trees: trees.length,
    labels: shared.size,
    offsets,
    features: Uint32Array.from(features),
    values: Float64Array.from(values),
    own,
  };
}

/** Sums of rows, weighted: of each shared label. */
function weighted({ trees, labels, offsets, features, values }: KernelRows, weight: (i: number) => number): Float64Array {
  const sum = new Float64Array(labels);
  for (let i = 0; i < trees; i++) for (let e = offsets[i]; e < offsets[i + 1]; e++) sum[features[e]] += weight(i) * values[e];
  return sum;
}

/** A row's product with numbers of each shared label. */
function product({ offsets, features, values }: KernelRows, i: number, numbers: Float64Array): number {
  let sum = 0;
  for (let e = offsets[i]; e < offsets[i + 1]; e++) sum += values[e] * numbers[features[e]];
  return sum;
}

/** Of each tree, the sum of its kernel with all trees, itself too. */
export function kernelSums(rows: KernelRows): Float64Array {
  const sum = weighted(rows, () => 1);
  return Float64Array.from({ length: rows.trees }, (_, i) => product(rows, i, sum) + rows.own[i]);
}

/** Trees whose rows are computed at once: their numbers lie side by side, so that each label is looked up once for all of them. */
const BLOCK = 4;

/** Distances between rows of the kernel matrix, taken as points: of each row, the mean to all rows (to itself 0), and to their mean. */
export interface RowDistances {
  readonly mean: Float64Array;
  readonly centroid: Float64Array;
}

/** How labels go together: row a of ΦᵀΦ holds Σ over trees of what they have of a times what they have of b. */
interface Together {
  readonly offsets: Uint32Array;
  readonly others: Uint32Array;
  readonly products: Float64Array;
}

function togetherOf({ trees, labels, offsets, features, values }: KernelRows): Together {
  const from = new Uint32Array(labels + 1);
  for (const feature of features) from[feature + 1]++;
  for (let a = 0; a < labels; a++) from[a + 1] += from[a];
  const holders = new Uint32Array(features.length); // trees, by label
  const held = new Float64Array(features.length);
  const at = from.slice();
  for (let i = 0; i < trees; i++)
    for (let e = offsets[i]; e < offsets[i + 1]; e++) {
      holders[at[features[e]]] = i;
      held[at[features[e]]++] = values[e];
    }
  const sums = new Float64Array(labels);
  const rows: { readonly others: Uint32Array; readonly products: Float64Array }[] = [];
  const starts = new Uint32Array(labels + 1);
  for (let a = 0; a < labels; a++) {
    const touched: number[] = [];
    for (let h = from[a]; h < from[a + 1]; h++)
      for (let e = offsets[holders[h]]; e < offsets[holders[h] + 1]; e++) {
        const b = features[e];
        if (sums[b] === 0) touched.push(b);
        sums[b] += held[h] * values[e];
      }
    rows.push({ others: Uint32Array.from(touched), products: Float64Array.from(touched, (b) => sums[b]) });
    for (const b of touched) sums[b] = 0;
    starts[a + 1] = starts[a] + touched.length;
  }
  const others = new Uint32Array(starts[labels]);
  const products = new Float64Array(starts[labels]);
  rows.forEach((row, a) => {
    others.set(row.others, starts[a]);
    products.set(row.products, starts[a]);
  });
  return { offsets: starts, others, products };
}

/**
 * With K = ΦΦᵀ + D, D what trees share with nobody, the squared distance of rows i and j is (K²)ii + (K²)jj − 2(K²)ij, and row i of K² is
 * (Φ(ΦᵀΦ) + DΦ)i times Φᵀ, and of K times D. All of these are sparse or made some rows at a time, so no matrix of trees by trees is ever held:
 * memory grows with the words, time with trees times words.
 */
export function rowDistances(rows: KernelRows): RowDistances {
  const { trees, labels, offsets, features, values, own } = rows;
  const together = togetherOf(rows);
  const squares = new Float64Array(trees); // (K²)ii
  const sums = new Float64Array(trees);
  /** of each label, BLOCK numbers of (Φ(ΦᵀΦ) + DΦ)i, then BLOCK of Φi */
  const block = new Float64Array(labels * 2 * BLOCK);
  const found = new Float64Array(2 * BLOCK);
  for (let first = 0; first < trees; first += BLOCK) {
    const size = Math.min(BLOCK, trees - first);
    block.fill(0);
    for (let b = 0; b < size; b++) {
      const i = first + b;
      for (let e = offsets[i]; e < offsets[i + 1]; e++) {
        const [feature, value] = [features[e], values[e]];
        block[(feature * 2 + 1) * BLOCK + b] = value;
        block[feature * 2 * BLOCK + b] += own[i] * value;
        for (let t = together.offsets[feature]; t < together.offsets[feature + 1]; t++)
          block[together.others[t] * 2 * BLOCK + b] += value * together.products[t];
      }
      let square = own[i]; // K of a tree with itself is 1
      for (let e = offsets[i]; e < offsets[i + 1]; e++) square += values[e] * block[features[e] * 2 * BLOCK + b];
      squares[i] = square;
    }
    for (let j = 0; j < first + size; j++) {
      products(rows, j, block, found);
      for (let b = Math.max(0, j - first + 1); b < size; b++) {
        const i = first + b;
        const distance = distanceOf(squares[i] + squares[j], 2 * (found[b] + found[BLOCK + b] * own[j]));
        sums[i] += distance;
        sums[j] += distance;
      }
    }
  }
  const columnMeans = kernelSums(rows).map((sum) => sum / trees);
  const toMeans = weighted(rows, (i) => columnMeans[i]);
  const meanSquare = columnMeans.reduce((sum, mean) => sum + mean * mean, 0);
  return {
    mean: sums.map((sum) => sum / trees),
    centroid: squares.map((square, i) => {
      const cross = product(rows, i, toMeans) + own[i] * columnMeans[i];
      return distanceOf(square + meanSquare, 2 * cross);
    }),
  };
}

/** A root of what is left of two squares without the products; what rounding alone leaves is none: trees that differ do so by more. */
function distanceOf(squares: number, products: number): number {
  const square = squares - products;
  return square > 1e-13 * squares ? Math.sqrt(square) : 0;
}

/** Row j times the 2 · BLOCK numbers of each of its labels. */
function products({ offsets, features, values }: KernelRows, j: number, numbers: Float64Array, into: Float64Array): void {
  let [s0, s1, s2, s3, s4, s5, s6, s7] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let e = offsets[j], end = offsets[j + 1]; e < end; e++) {
    const from = features[e] * 2 * BLOCK;
    const value = values[e];
    s0 += value * numbers[from];
    s1 += value * numbers[from + 1];
    s2 += value * numbers[from + 2];
    s3 += value * numbers[from + 3];
    s4 += value * numbers[from + 4];
    s5 += value * numbers[from + 5];
    s6 += value * numbers[from + 6];
    s7 += value * numbers[from + 7];
  }
  into[0] = s0;
  into[1] = s1;
  into[2] = s2;
  into[3] = s3;
  into[4] = s4;
  into[5] = s5;
  into[6] = s6;
  into[7] = s7;
}
