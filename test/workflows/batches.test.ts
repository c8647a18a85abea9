/** Batches: who sees to them, and that nothing is lost or done twice. */
import { expect, test } from '@jest/globals';
import { Batches } from '../../workflows/batches.js';

test('what is added while somebody is at work comes with the next batch, in order, at most so much of it', () => {
  const batches = new Batches<number>(3);
  expect(batches.begin()).toBe(false); // nothing to see to
  batches.add([1]);
  batches.add([2]);
  expect(batches.full).toBe(false);
  expect(batches.begin()).toBe(true);
  expect(batches.begin()).toBe(false); // somebody is about to
  expect(batches.next()).toEqual([1, 2]);
  batches.add([3, 4, 5, 6]);
  expect(batches.full).toBe(true);
  expect(batches.begin()).toBe(false);
  expect(batches.next()).toEqual([3, 4, 5]);
  expect(batches.next()).toEqual([6]);
  expect(batches.next()).toBeUndefined();
  batches.add([7]);
  expect(batches.begin()).toBe(true); // nobody is at work any more
  expect(batches.next()).toEqual([7]);
  expect(batches.next()).toBeUndefined();
});
