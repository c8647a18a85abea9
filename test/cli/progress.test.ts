/** A running experiment as lines: what is left first, reasons whole, no wider than the terminal. */
import { expect, jest, test } from '@jest/globals';
import { displayWidth } from '../../cli/lines.js';
import { ProgressView, progressLines } from '../../cli/progress.js';
import type { ExperimentSnapshot, StepSnapshot } from '../../cli/snapshot.js';

const at = (generation: number, ...steps: Partial<StepSnapshot>[]): ExperimentSnapshot =>
  ({
    experiment: 'e',
    status: 'running',
    progress: { runs: 1, done: 0, failed: 0, failures: [], incomplete: 0, problems: [], generations: 3, steps: { computed: 0, reused: 0 }, running: ['replace/seed-1'] }, // prettier-ignore
    steps: [],
    runs: [
      {
        run: 'replace/seed-1',
        progress: { generation, generations: 3, phase: 'running', counted: { computed: 0, reused: 0 } },
        steps: steps.map((step) => ({ attempt: 1, ...step })),
      },
    ],
  }) as unknown as ExperimentSnapshot;

test('records that wait behind the last generation do not count it as done', () => {
  let now = 0;
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => now);
  const written: string[] = [];
  const view = new ProgressView({ write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream, false);
  view.show(at(0, { step: 'finetune' }));
  now = 90_000; // three of four generations in 90 s, from a share of .02/4 on
  view.show(at(3, { step: 'record' }, { step: 'finetune' }));
  clock.mockRestore();
  expect(written.at(-1)).toContain('finetune');
  expect(written.at(-1)).toContain('about 29 s left'); // 90 s x (1 - .755) / .75
  expect(written.join('')).toContain('recording results');
  expect(written.join('')).not.toContain('\x1b');
});

test('sixty columns: every line fits, names give way to numbers, reasons are whole', () => {
  const reason = 'the Hub cannot be reached (fetch failed): see whether HF_ENDPOINT is right and the network is up';
  const state = at(2, {
    step: 'finetune',
    attempt: 6,
    lastFailure: `${reason}\x1b[2J`,
    progress: { phase: 'finetune', unit: 'step', done: 7, total: 12, loss: 5.8714, epoch: 1 },
  });
  const long = { ...state, runs: [{ ...state.runs[0], run: `${'a-very-long-condition-name'.repeat(2)}/seed-1` }] };
  const lines = progressLines(long, { width: 60, left: 125 });
  for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(60);
  expect(lines[0]).toMatch(/^e: about 2 min 5 s left, 0 of 1 run done/);
  const text = lines.join('\n');
  expect(text).toMatch(/…\S*seed-1 {2}generation 2 of 3 {2}finetune {2}loss 5\.871/);
  expect(text.replaceAll(/\s+/g, ' ')).toContain(`attempt 6: ${reason}`);
  expect(text).not.toContain('\x1b');
});

test('more runs than the terminal has lines are counted', () => {
  const one = at(1, { step: 'finetune' });
  const many = { ...one, runs: Array.from({ length: 20 }, (_, i) => ({ ...one.runs[0], run: `replace/seed-${i}` })) };
  const lines = progressLines(
    { ...many, progress: { ...one.progress!, running: many.runs.map(({ run }) => run) } },
    { rows: 10 },
  );
  expect(lines.length).toBeLessThan(10);
  expect(lines.at(-1)).toBe('  … 13 more runs');
});

test('what has failed for good is told while the rest goes on, once in a log', () => {
  const one = at(2, { step: 'finetune' });
  const problem = { what: 'score', generation: 1, kind: 'failed', message: 'perplexity: not a number', partly: true } as const;
  const state: ExperimentSnapshot = {
    ...one,
    progress: {
      ...one.progress!,
      runs: 3,
      failed: 1,
      failures: [{ run: 'keep/seed-1', kind: 'resources', message: 'the disk is full' }],
      incomplete: 1,
      problems: [{ ...problem, partly: undefined, run: 'keep/seed-2' }],
    },
    runs: [{ ...one.runs[0], progress: { ...one.runs[0].progress!, problems: [problem], problemCount: 3 } }],
  };
  const sentences = [
    'keep/seed-1, one of 3 runs, failed: the disk is full',
    'keep/seed-2 has no scores of generation 1: perplexity: not a number',
    'replace/seed-1 lacks some scores of generation 1: perplexity: not a number',
    'replace/seed-1 has 2 more such problems',
  ];
  expect(progressLines(state).slice(1, 5)).toEqual(sentences.map((sentence) => `  ${sentence}`));
  expect(progressLines(state, { rows: 7 }).slice(1)).toEqual([
    `  ${sentences[0]}`,
    `  ${sentences[1]}`,
    '  … 2 more: habsburg status e',
    expect.stringContaining('finetune'),
  ]);
  const written: string[] = [];
  const view = new ProgressView({ write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream, false);
  for (let i = 0; i < 2; i++) view.show(state);
  expect(written.slice(0, 4)).toEqual(sentences.map((sentence) => `${sentence}\n`));
  expect(written).toHaveLength(5);
});
