/** How the seeds of cheap chains are cut into runs, and what those are called. Pure; workflows use it. */

/** Written-out ranges of a name are this long at most; longer lists are written bit by bit. */
const LONGEST = 80;

/**
 * Blocks by value: seeds 1 to `size`, size + 1 to 2 size, and so on, ascending. Which seeds share a block does not depend on how
 * many there are, so seeds that are added or taken away leave every other block, and its steps, as they are.
 */
export function seedBlocks(seeds: readonly number[], size: number): number[][] {
  const blocks = new Map<number, number[]>();
  for (const seed of [...new Set(seeds)].sort((a, b) => a - b)) {
    const block = blocks.get(blockOf(seed, size));
    if (block) block.push(seed);
    else blocks.set(blockOf(seed, size), [seed]);
  }
  return [...blocks.values()];
}

/**
 * A name of some seeds of one block that no others have: `seed-7`, `seeds-1-250`, `seeds-1-3+7+9-12`. Where so many ranges would
 * be too long for a key, `seeds-<first>-<last>@<hex>`: a bit for each seed of the block, its first the highest bit of the first digit.
 * @param seeds ascending, of one block of `size`
 */
export function seedsName(seeds: readonly number[], size: number): string {
  if (seeds.length === 1) return `seed-${seeds[0]}`;
  const ranges: [number, number][] = [];
  for (const seed of seeds) {
    const last = ranges.at(-1);
    if (last && last[1] === seed - 1) last[1] = seed;
    else ranges.push([seed, seed]);
  }
  const written = ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join('+');
  return `seeds-${written.length <= LONGEST ? written : `${seeds[0]}-${seeds.at(-1)}@${bits(seeds, size)}`}`;
}

function bits(seeds: readonly number[], size: number): string {
  const first = blockOf(seeds[0], size) * size + 1;
  const digits = new Array<number>(Math.ceil(size / 4)).fill(0);
  for (const seed of seeds) digits[Math.floor((seed - first) / 4)] |= 8 >> ((seed - first) % 4);
  return digits.map((digit) => digit.toString(16)).join('');
}

/** Seed 0 is in a block of its own below the first. */
function blockOf(seed: number, size: number): number {
  return Math.floor((seed - 1) / size);
}
