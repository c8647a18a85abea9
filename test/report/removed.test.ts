/** What operators removed, from the reports of steps: means over seeds, against numbers made by hand. */
import { expect, test } from '@jest/globals';
import { removals, renderRemovals } from '../../report/removed.js';
import { run } from './runs.js';

const RUNS = [
  run('some', 1, {
    generate: { records: 10 },
    postprocess: { read: 10, kept: 6, edited: 2, 'removed/cut': 1, 'removed/dedupe': 3 },
  }),
  run('some', 2, { postprocess: { read: 10, kept: 9, edited: 0, 'removed/cut': 0, 'removed/dedupe': 1 } }),
  run('none', 1, { generate: { records: 10 } }),
  run(
    'read',
    1,
    {},
    { 'through-opt/0': { read: 10, kept: 8, edited: 0, 'removed/length': 2 }, 'view-opt': { read: 8, records: 9 } },
  ),
];

test('means over the seeds of a condition, by generation and by what was read', () => {
  expect(removals(RUNS)).toEqual([
    { condition: 'some', member: 'opt', generation: 0, what: 'written', seeds: 2, read: 10, kept: 7.5, edited: 1, removed: [['cut', 0.5], ['dedupe', 2]], reasons: [], copies: [], detectors: [] }, // prettier-ignore
    { condition: 'read', member: 'opt', generation: 1, what: 'read of opt/0', seeds: 1, read: 10, kept: 8, edited: 0, removed: [['length', 2]], reasons: [], copies: [], detectors: [] }, // prettier-ignore
  ]);
});

test('as a table for a terminal, and nothing where there are no operators', () => {
  expect(renderRemovals(RUNS)).toBe(`What operators did with texts (means over seeds)
condition  gen  texts               read  kept   changed  removed by
some       0    opt, written        10    7.500  1        cut 0.5000, dedupe 2
read       1    opt, read of opt/0  10    8      0        length 2

`);
  expect(renderRemovals([RUNS[2]])).toBe('');
  const why = run('why', 1, { postprocess: { read: 9, kept: 2, edited: 0, 'removed/length': 1, 'removed/language': 6, 'reason/language/de': 4, 'reason/language/unknown': 2 } }); // prettier-ignore
  expect(renderRemovals([why])).toMatch(/ length 1, language 6 \(de 4, unknown 2\)\n/);
  const mixed = run('mixed', 1, { postprocess: { read: 9, kept: 8 }, 'postprocess-valid': { read: 2, kept: 1, 'removed/cut': 1 } }); // prettier-ignore
  expect(removals([mixed]).map(({ what, read, kept, removed }) => ({ what, read, kept, removed }))).toEqual([
    { what: 'written', read: 9, kept: 8, removed: [] },
    { what: 'written for valid', read: 2, kept: 1, removed: [['cut', 1]] },
  ]);
  const again = run('again', 1, {
    postprocess: {
      read: 10,
      kept: 12,
      edited: 0,
      'removed/resample': 3,
      'copies/resample': 5,
      'detector/first/accuracy': 0.75,
      'detector/first/calibrationError': 0.04,
    },
  });
  expect(renderRemovals([again])).toMatch(
    / 10 +12 +0 +resample 3; copies by resample 5; the detector tells 0.7500 right, calibration error 0.04000\n/,
  );
});
