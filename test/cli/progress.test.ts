/** The estimate of the time left, as a line of a terminal that repaints nothing. */
import { expect, jest, test } from '@jest/globals';
import { ProgressView } from '../../cli/progress.js';
import type { ExperimentSnapshot, StepSnapshot } from '../../cli/snapshot.js';

const at = (generation: number, ...steps: Partial<StepSnapshot>[]): ExperimentSnapshot =>
  ({
    experiment: 'e',
    status: 'RUNNING',
    progress: { runs: 1, done: 0, failed: 0, generations: 3, steps: { computed: 0, reused: 0 } },
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
  view.show(at(3, { step: 'recordRun' }, { step: 'finetune' }));
  clock.mockRestore();
  expect(written.at(-1)).toContain('finetune');
  expect(written.at(-1)).toContain('about 29 s left'); // 90 s x (1 - .755) / .75
});
