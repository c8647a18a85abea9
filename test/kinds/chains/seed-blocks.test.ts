import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { seedBlocks, seedsName } from '../../../kinds/chains/seed-blocks.js';

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('blocks of seeds', () => {
  test('are cut by value: 600 seeds, 700 seeds and every other one share what they can', () => {
    const blocks = (seeds: number[]) => seedBlocks(seeds, 250);
    expect(blocks(range(1, 600))).toEqual([range(1, 250), range(251, 500), range(501, 600)]);
    expect(blocks(range(1, 700)).slice(0, 2)).toEqual(blocks(range(1, 600)).slice(0, 2));
    // without the first: only its block is another
    expect(blocks(range(2, 600)).slice(1)).toEqual(blocks(range(1, 600)).slice(1));
    expect(blocks([300, 7, 251, 1000])).toEqual([[7], [251, 300], [1000]]);
    expect(seedBlocks([0, 1, 2, 3], 2)).toEqual([[0], [1, 2], [3]]);
  });

  test('have names that say which seeds', () => {
    const name = (seeds: number[]) => seedsName(seeds, 250);
    expect(name([7])).toBe('seed-7');
    expect(name(range(1, 250))).toBe('seeds-1-250');
    expect(name([1, 2, 3, 7, 9, 10])).toBe('seeds-1-3+7+9-10');
    expect(name([1, 100])).toBe('seeds-1+100');
    // every fourth of sixteen: a bit for each, highest first
    expect(name(range(1, 250).filter((seed) => seed % 4 === 1))).toBe(`seeds-1-249@${'8'.repeat(63)}`);
    expect(seedsName([4294967251, 4294967295], 250)).toBe('seeds-4294967251+4294967295');
  });

  test('no two sets of seeds have one name, and every name is a short key', () => {
    const sets = fc.uniqueArray(fc.integer({ min: 4_294_967_001, max: 4_294_967_250 }), { minLength: 1, maxLength: 250 });
    const ascending = (seeds: number[]) => [...seeds].sort((a, b) => a - b);
    fc.assert(
      fc.property(sets, sets, (a, b) => {
        const [one, other] = [a, b].map((seeds) =>
          seedBlocks(seeds, 250)
            .map((block) => seedsName(block, 250))
            .join(' '),
        );
        expect(one === other).toBe(ascending(a).join() === ascending(b).join());
        for (const name of one.split(' ')) expect(name).toMatch(/^[a-z0-9@+-]{1,110}$/);
      }),
    );
  });
});
