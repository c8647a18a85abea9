/** Work that goes on beside a chain. */
import { expect, test } from '@jest/globals';
import { CancelledFailure } from '@temporalio/common';
import { Beside } from '../../workflows/beside.js';

const later = (error?: Error) => new Promise<void>((resolve, reject) => setTimeout(() => (error ? reject(error) : resolve()), 2)); // prettier-ignore

test('what fails is told, and what waits for all waits for what was added meanwhile, too', async () => {
  const beside = new Beside();
  const told: string[] = [];
  beside.add(later(new Error('no')), (error) => {
    told.push((error as Error).message);
    beside.add(later(), () => told.push('never'));
    beside.add(later(new Error('nor this')), (other) => told.push((other as Error).message));
  });
  await beside.settled();
  expect(told).toEqual(['no', 'nor this']);
  await beside.settled();
});

test('a cancellation is nobody’s failure: it ends whoever waits', async () => {
  const beside = new Beside();
  const told: unknown[] = [];
  beside.add(later(new CancelledFailure('cancelled')), (error) => told.push(error));
  await expect(beside.settled()).rejects.toThrow('cancelled');
  expect(told).toEqual([]);
});
