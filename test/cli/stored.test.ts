/** What became of an experiment, read from its store alone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { openArtifactStore } from '../../artifacts/open.js';
import { storedSentence, storedState } from '../../cli/stored.js';
import type { MemberIndex } from '../../spec/documents.js';
import { makeFixture, publishFixture } from '../report/fixture.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-stored-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('a generation whose evaluations failed has no scores, one of which one failed lacks some', async () => {
  const store = openArtifactStore(join(root, 'store'));
  const fixture = makeFixture({ name: 'mine', seeds: [1], generations: 2, conditions: ['replace'] });
  const of: Record<number, (left: MemberIndex) => MemberIndex> = {
    1: (left) => ({ ...left, scores: undefined, failure: 'the disk is full' }),
    2: (left) => ({ ...left, failure: 'kl-to-truth: no word was written' }),
  };
  await publishFixture(store, fixture, (run) => ({
    ...run,
    generations: run.generations.map((one) =>
      one.generation in of ? { ...one, members: { opt: of[one.generation](one.members.opt) } } : one,
    ),
  }));
  const state = (await storedState(store, 'mine'))!;
  expect(state).toMatchObject({
    status: 'partly failed',
    result: { runs: 1, done: 1, failed: 0, incomplete: 1, generations: 2 },
  });
  const problem = { run: 'replace/seed-1', what: 'score', member: 'opt', kind: 'failed' };
  expect(state.result.problems).toEqual([
    { ...problem, generation: 1, message: 'the disk is full' },
    { ...problem, generation: 2, partly: true, message: 'kl-to-truth: no word was written' },
  ]);
  expect(storedSentence(state)).toContain(
    '; replace/seed-1 has no scores of generation 1: the disk is full; replace/seed-1 lacks some scores of generation 2: kl-to-truth: no word was written; ',
  );
});
