/** Sentences: what became of an experiment, counted and with the command that goes on. */
import { describe, expect, test } from '@jest/globals';
import { endingOf, failureOf, failureSentences, sentenceOf } from '../../cli/ended.js';
import type { ExperimentSnapshot } from '../../cli/snapshot.js';
import { ago, counted, duration, list, shellCommand } from '../../cli/words.js';
import type { ExperimentResult, RunFailure } from '../../workflows/contract.js';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const minutesAgo = (n: number) => new Date(NOW - n * 60_000);

test('times, numbers and lists', () => {
  expect([0, 42, 185, 7_800, 200_000].map(duration)).toEqual(['0 s', '42 s', '3 min 5 s', '2 h 10 min', '2 days 7 h']);
  expect([0.2, 1, 4, 59, 60, 180, 2_880].map((n) => ago(minutesAgo(n), NOW))).toEqual([
    'just now',
    'a minute ago',
    '4 minutes ago',
    '59 minutes ago',
    'an hour ago',
    '3 hours ago',
    '2 days ago',
  ]);
  expect([counted(0, 'step'), counted(1, 'step'), counted(1234, 'step')]).toEqual(['0 steps', '1 step', '1,234 steps']);
  expect([list([]), list(['a']), list(['a', 'b', 'c']), list(['a', 'b', 'c'], 2)]).toEqual([
    '',
    'a',
    'a, b and c',
    'a, b and 1 more',
  ]);
});

test('a command can be typed as it is printed, in any shell', () => {
  expect(shellCommand(['habsburg', 'run', 'my file#1.yaml', '--set', 'seeds=[1,2]', '--set', 'seeds=1..3', "it's"])).toBe(
    String.raw`habsburg run 'my file#1.yaml' --set 'seeds=[1,2]' --set seeds=1..3 'it'\''s'`,
  );
});

const failed = (n: number, message: string, kind = 'resources'): RunFailure[] =>
  Array.from({ length: n }, (_, i) => ({ run: `replace/seed-${i + 1}`, kind, message }));
const result = (runs: number, failures: RunFailure[], all = failures.length): ExperimentResult => ({
  status: all === 0 ? 'done' : all < runs ? 'partly failed' : 'failed',
  incomplete: 0,
  problems: [],
  runs,
  failed: all,
  failures,
  steps: { computed: 12, reused: 1 },
  generations: 5,
});
const state = (more: Partial<ExperimentSnapshot>): ExperimentSnapshot => ({
  experiment: 'mine',
  status: 'done',
  startedAt: minutesAgo(10).toISOString(),
  endedAt: minutesAgo(4).toISOString(),
  command: ['run', 'mine.yaml', '--set', 'seeds=[1]'],
  steps: [],
  runs: [],
  ...more,
});
const RUN = "habsburg run mine.yaml --set 'seeds=[1]'";

describe('failures', () => {
  test('of scores alone name run, generation and reason, and end with an exit code', () => {
    const problem = {
      run: 'replace/seed-1',
      what: 'score',
      generation: 3,
      member: 'opt',
      kind: 'resources',
      message: 'the disk is full',
    };
    const unscored = { ...result(2, []), status: 'partly failed', incomplete: 1, problems: [problem] } as ExperimentResult;
    expect(failureSentences(unscored)).toEqual(['replace/seed-1 has no scores of generation 3: the disk is full']);
    expect(failureOf(state({ status: 'partly failed', result: unscored }))).toMatchObject({
      kind: 'resources',
      message: 'replace/seed-1 has no scores of generation 3: the disk is full; see habsburg status mine',
    });
    const one = { ...problem, partly: true, message: 'kl-to-truth: no word was written' };
    expect(failureSentences({ ...unscored, problems: [one] } as ExperimentResult)).toEqual([
      'replace/seed-1 lacks some scores of generation 3: kl-to-truth: no word was written',
    ]);
  });

  test('nine equal ones are one sentence', () => {
    expect(failureSentences(result(9, failed(9, 'the disk is full')))).toEqual([
      'all 9 runs failed: the disk is full (replace/seed-1, replace/seed-2, replace/seed-3, replace/seed-4, replace/seed-5 and 4 more)',
    ]);
    const named = failed(9, '').map((failure) => ({ ...failure, message: `recording ${failure.run}: the disk is full` }));
    expect(failureSentences(result(12, named))).toHaveLength(1);
  });

  test('the cause stands before what it caused, and what was not kept is counted', () => {
    const failures = [
      ...failed(1, 'cancelled', 'canceled'),
      { run: 'keep/seed-1', kind: 'verification', message: 'a blob is damaged' },
    ];
    expect(failureSentences(result(20, failures, 12))).toEqual([
      'keep/seed-1 failed: a blob is damaged',
      'replace/seed-1 failed: cancelled',
      '10 more runs failed, 12 of 20 in all',
    ]);
    const error = failureOf(state({ status: 'partly failed', result: result(20, failures, 12) }))!;
    expect(error).toMatchObject({
      kind: 'verification',
      exitCode: 3,
      message: expect.stringMatching(/^keep\/seed-1 failed: a blob/),
    });
  });
});

test.each([
  [
    { result: result(2, []) },
    `mine finished 4 minutes ago: 2 runs to generation 5, 12 steps computed, 1 reused; ${RUN} --set generations=6 goes on`,
  ],
  [{ status: 'cancelled' }, `mine was cancelled 4 minutes ago; what is finished is kept, and ${RUN} goes on from it`],
  [{ status: 'terminated' }, `mine was ended by force 4 minutes ago; what is finished is kept, and ${RUN} goes on from it`],
  [
    { status: 'partly failed', result: result(3, failed(1, 'the disk is full')) },
    `mine finished 4 minutes ago, but replace/seed-1, one of 3 runs, failed: the disk is full; ${RUN} tries again`,
  ],
  [
    { status: 'failed', failure: 'the plan is not readable' },
    `mine failed 4 minutes ago: the plan is not readable; ${RUN} tries again`,
  ],
  [{ status: 'stopped', endedAt: undefined }, `mine has not ended, but no server is up that goes on with it; ${RUN} does`],
  [
    { status: 'stuck', endedAt: undefined, trouble: { workflow: 'mine', reason: '[TMPRL1100] …', otherCode: true } },
    `mine was started by other workflow code than this and cannot go on with it; end it with habsburg cancel --force mine, then ${RUN} goes on from what is finished`,
  ],
  [
    {
      status: 'stuck',
      endedAt: undefined,
      trouble: { workflow: 'mine/replace/seed-1', reason: '…', otherCode: false, version: 'habsburg-workflow:0.1.0-1a2b' },
    },
    `mine waits for a worker with the version of the workflow code that mine/replace/seed-1 is pinned to, habsburg-workflow:0.1.0-1a2b, and none serves it; start habsburg worker from that release, or end it with habsburg cancel --force mine, then ${RUN} goes on from what is finished`,
  ],
  [
    { status: 'cancelled', command: undefined },
    'mine was cancelled 4 minutes ago; what is finished is kept, and habsburg run … goes on from it',
  ],
] as [Partial<ExperimentSnapshot>, string][])('%j', (more, sentence) => {
  expect(sentenceOf(state(more), NOW)).toBe(sentence);
});

test('what was asked of an experiment that has ended is said as a command', () => {
  const finished = state({ endedAt: new Date().toISOString(), result: result(2, []) });
  expect(endingOf(finished, ['--set', 'generations=8'])).toBe(`mine finished just now; ${RUN} --set generations=8 goes on`);
});
