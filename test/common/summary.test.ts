/** The lines that Temporal's UI shows beside steps and workflows. */
import { expect, test } from '@jest/globals';
import { isSummary, summary } from '../../common/summary.js';

test('what, and of whom; what is empty is left out', () => {
  expect(summary('finetune', 'student', 'generation 3')).toBe('finetune · student · generation 3');
  expect(summary('sample', '', 'generation 0')).toBe('sample · generation 0');
});

test('is no longer than a server takes, and known by its form', () => {
  const long = summary('finetune', 'x'.repeat(200), 'generation 3');
  expect(long).toBe(`finetune · ${'x'.repeat(88)}…`);
  expect(Buffer.byteLength(JSON.stringify(long))).toBeLessThan(300);
  for (const line of [long, summary('a', 'b')]) expect(isSummary(line)).toBe(true);
  for (const other of ['finetune', 'a·b', `a · ${'b'.repeat(100)}`, ['a · b'], { a: 'a · b' }, 3, null, undefined])
    expect(isSummary(other)).toBe(false);
});
