/** Evaluations in a thread: what it is given, and that it is given each set once. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { measuring } from '../../activities/measuring.js';
import { runStep, type StepContext } from '../../activities/step.js';
import type { ArtifactRef } from '../../artifacts/types.js';
import { evaluationOf } from '../../evaluations/index.js';
import { defaultsOf } from '../../evaluations/types.js';
import type { ScoresDocument } from '../../spec/results.js';
import { Workplace, text } from '../support/workplace.js';

const at = new Workplace();
afterAll(() => at.remove());

let seed = 0;
/** A step's surroundings, for work that leaves nothing else. */
const inStep = (work: (step: StepContext) => Promise<void>) =>
  at.do(
    (deps) => () =>
      runStep(
        deps,
        { step: 'evaluate', version: 1, place: at.place({ seed: seed++ }), inputs: {}, parameters: {}, engine: false },
        async (step) => {
          await work(step);
          const folder = await step.folder('scores');
          writeFileSync(join(folder, 'scores.json'), '{}');
          return { outputs: { scores: { kind: 'scores', folder } }, report: {} };
        },
      ),
    undefined,
  );
/** The step, and which artifacts were asked of it. */
const watched = (step: StepContext, asked: string[]): StepContext => ({
  ...step,
  input: (ref) => (asked.push(ref.digest), step.input(ref)),
});
const evaluation = (name: string, variant: string) => evaluationOf({ name, variant });
const distinct = evaluation('distinct-1', 'tokens/in-record');
const coverage = evaluation('coverage', 'of-real-token-types');
const what = (of: typeof distinct) => ({ evaluation: of, settings: { ...defaultsOf(of), tokens: 0 }, subject: real.digest });
const valuesOf = ({ values }: ScoresDocument) => values.map(({ metric, value }) => [metric, value]);

const real = await at.texts([text('r', [1, 2, 3, 4])]);
const generated = await at.texts([text('a', [1, 2]), text('b', [1, 9])]);
const refs: Record<string, ArtifactRef> = { generated, real };

test('a set goes to the thread once for all evaluations of a generation, of large ones only which ids occur', async () => {
  const asked: string[] = [];
  await inStep((step) =>
    measuring(async (measured) => {
      const one = watched(step, asked);
      expect(valuesOf(await measured(one, refs, what(distinct)))).toEqual([['distinct-1', 3 / 4]]);
      expect(asked).toEqual([generated.digest]);
      expect(valuesOf(await measured(one, refs, what(coverage)))).toEqual([['coverage', 2 / 4]]);
      expect(asked).toEqual([generated.digest, real.digest]);
      await measured(one, refs, what(coverage));
      expect(asked).toHaveLength(2);
    }),
  );
});

test('the next generation reads what is its own, and a thread that failed is not lent again', async () => {
  const asked: string[] = [];
  await inStep((step) =>
    measuring(async (measured) => {
      // the thread has let go of what the generation before gave it
      await measured(watched(step, asked), refs, what(distinct));
    }),
  );
  expect(asked).toEqual([generated.digest]);
  const broken = await at.publish('dataset', { 'records.jsonl': 'no record\n' }, { records: 1 });
  const fails = inStep((step) =>
    measuring(async (measured) => void (await measured(step, { generated: broken }, what(distinct)))),
  );
  await expect(fails).rejects.toMatchObject({
    type: 'habsburg.verification',
    message: expect.stringContaining('not a JSON record'),
  });
  await inStep((step) =>
    measuring(async (measured) => {
      expect(valuesOf(await measured(step, refs, what(distinct)))).toEqual([['distinct-1', 3 / 4]]);
    }),
  );
});
