/** detector: what it learns from and who wrote that is its key, whoever asks for it. */
import { afterAll, expect, test } from '@jest/globals';
import { trainDetector } from '../../activities/detector.js';
import type { DetectorTexts } from '../../activities/types.js';
import { loadDetector, probabilityOf } from '../../observations/detector/detector.js';
import { Workplace, text } from '../support/workplace.js';

const at = new Workplace();
afterAll(() => at.remove());

/** Texts of one of two words each: the detector needs no more to tell them. */
const texts = (name: string, word: number) =>
  at.texts(Array.from({ length: 20 }, (_, i) => text(`${name}/${i}`, [word, 5, word])));
const input: DetectorTexts = {
  of: { seed: 7, generation: 0, member: 'm' },
  real: await texts('train', 1),
  written: await texts('g0/m', 2),
};
const train = (one: DetectorTexts, place = at.place()) => at.do((deps) => (of: DetectorTexts) => trainDetector(deps, place, of), one); // prettier-ignore

test('it tells what was written, and its report is about texts that it did not learn from', async () => {
  const { outputs, report } = await train(input);
  expect(report).toMatchObject({ real: 20, written: 20, accuracy: 1, auc: 1 });
  const folder = at.folder();
  await at.store.materialise(outputs.detector.digest, folder);
  const detector = await loadDetector(folder);
  expect(probabilityOf(detector, { id: 'g9/m/3', tokens: [2, 5, 2] })).toBeGreaterThan(0.9);
  expect(probabilityOf(detector, { id: 'g9/m/3', tokens: [1, 5, 1] })).toBeLessThan(0.1);
  expect(at.jobs).toEqual([]);
});

test('whoever asks, in whatever generation, it is trained once', async () => {
  const first = await train(input);
  expect(await train(input, at.place({ seed: 0, generation: 5, member: '' }))).toEqual({ ...first, cached: true });
  expect(await at.stated(first)).toMatchObject({ step: 'detector', seed: 7, generation: 0, member: 'm' });
  const changed = await at.changed(train, input, {
    seed: { ...input, of: { ...input.of, seed: 8 } },
    member: { ...input, of: { ...input.of, member: 'n' } },
    real: { ...input, real: await texts('train', 3) },
    written: { ...input, written: await texts('g0/m', 4) },
  });
  expect(changed).toEqual(['seed', 'member', 'real', 'written']);
});
