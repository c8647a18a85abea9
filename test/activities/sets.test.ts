/** Sets of records as a step reads them. */
import { afterAll, expect, test } from '@jest/globals';
import { recordsOf } from '../../activities/sets.js';
import { runStep } from '../../activities/step.js';
import type { ArtifactRef } from '../../artifacts/types.js';
import { readAllRecords } from '../../pool/records.js';
import { Workplace, text } from '../support/workplace.js';

const at = new Workplace();
afterAll(() => at.remove());

const texts = await at.texts(['a', 'b', 'c', 'd'].map((id, i) => text(id, [i])));

let seed = 0;
/** ids of the records that a step finds */
async function found(ref: ArtifactRef, twice = false): Promise<string[]> {
  let ids: string[] = [];
  const stopped = new Error('that was all');
  const work = () =>
    runStep(
      at.deps,
      { step: 'read', version: 1, place: at.place({ seed: seed++ }), inputs: { ref }, parameters: {}, engine: false },
      async (step) => {
        const folder = await recordsOf(step, ref);
        ids = (await readAllRecords(folder)).map(({ id }) => id);
        if (twice) expect(await recordsOf(step, ref)).toBe(folder);
        throw stopped;
      },
    );
  const failure: unknown = await at.do(() => work, undefined).catch((error: unknown) => error);
  if (!String(failure).includes(stopped.message)) throw failure;
  return ids;
}

test('a dataset is read where it lies, and no copy is made of it', async () => {
  expect(await found(texts, true)).toEqual(['a', 'b', 'c', 'd']);
});

test('a selection is put together in its order, a record as often as it is named', async () => {
  const some = await at.selection(texts, 4, [[2, 2], [0, 1], [3, 1]]); // prettier-ignore
  expect(await found(some)).toEqual(['c', 'd', 'a', 'd']);
});

test('a selection of a selection names positions in what that one selects', async () => {
  const some = await at.selection(texts, 4, [[2, 2], [0, 1]]); // prettier-ignore
  expect(await found(await at.selection(some, 3, [[2, 1], [0, 1]]))).toEqual(['a', 'c']); // prettier-ignore
});

test('a selection that names what its set does not have is damaged, and told by its digest', async () => {
  const wrong = await at.selection(texts, 4, [[3, 2]]);
  await expect(found(wrong)).rejects.toMatchObject({
    type: 'habsburg.verification',
    message: expect.stringContaining(`selection ${wrong.digest}`),
  });
});
