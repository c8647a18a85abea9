import { describe, expect, test } from '@jest/globals';
import type { ScoreRow } from '../../evaluations/types.js';
import { csvLines, jsonLines } from '../../report/export.js';

const row: ScoreRow = {
  experiment: 'e',
  run: 'replace/seed-1',
  condition: 'replace',
  seed: 1,
  member: 'opt',
  generation: 2,
  metric: 'perplexity',
  variant: 'real-test/exp-mean-token',
  version: 1,
  value: -61.84321,
  n: 63000,
  settings: {},
  subject: 'sha256:00',
};
const HEAD = 'experiment,run,condition,seed,member,generation,metric,variant,version,value,n,settings,subject\n';

describe('exports', () => {
  test('CSV has every column, full precision, and quotes what needs it', () => {
    expect([...csvLines([{ ...row, settings: { order: 2, mode: 'a "b", c' } }])].join('')).toBe(
      `${HEAD}e,replace/seed-1,replace,1,opt,2,perplexity,real-test/exp-mean-token,1,-61.84321,63000,"{""order"":2,""mode"":""a \\""b\\"", c""}",sha256:00\n`,
    );
  });

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx'])('a text that a spreadsheet would run is defused: %j', (text) => {
    const [, line] = [...csvLines([{ ...row, member: text }])];
    const field = line.slice('e,replace/seed-1,replace,1,'.length);
    expect(field.startsWith(text === '\rx' ? `"'\rx",2` : `'${text},2`)).toBe(true);
  });

  test('JSON lines read back as the rows', () => {
    const rows = [row, { ...row, generation: 3, settings: { order: 2 } }];
    expect([...jsonLines(rows)].map((line) => JSON.parse(line))).toEqual(rows);
  });
});
