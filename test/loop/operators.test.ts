/** Operators behind the writing and in a mixture's term, through the real server: what every one left, read from the store. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openArtifactStore } from '../../artifacts/open.js';
import type { ArtifactRef } from '../../artifacts/types.js';
import { loadTokenizer } from '../../engine/tokenizer/files.js';
import type { Tokenizer } from '../../engine/tokenizer/types.js';
import { readAllRecords, type DataRecord } from '../../pool/records.js';
import { readResults } from '../../report/rows.js';
import { habsburg, json, recordsIn, stepsOf, temporaryFolder, type RunOutcome } from './support.js';

const FILE = fileURLToPath(new URL('./operators.yaml', import.meta.url));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder('operators');
});
afterAll(() => folder.remove());

test('each generation is what operators left of what was written, and says how many they removed', async () => {
  const store = join(folder.path, 'store');
  const args = [FILE, '--home', join(folder.path, 'home'), '--store', store];
  const outcome = await json<RunOutcome>(['run', ...args]);
  expect(outcome.result).toMatchObject({ failed: 0, runs: 5, generations: 2 });

  const artifacts = openArtifactStore(store);
  const records = async (ref: ArtifactRef | undefined): Promise<DataRecord[]> =>
    readAllRecords(await recordsIn(artifacts, ref!, join(folder.path, 'sets')));
  const { runs } = await readResults(artifacts, 'tiny-operators');
  let tokenizer: Tokenizer | undefined;
  const seen = { shortened: 0, cut: 0, unlikely: 0, taught: 0, detected: 0, redrawn: 0 };
  for (const { condition, generations, inputs } of runs) {
    tokenizer ??= await loadTokenizer(await recordsIn(artifacts, inputs!.tokenizer, join(folder.path, 'sets')));
    for (const { generation: t, members } of generations) {
      const { raw, generated, dataset, steps } = members.opt;
      const before = t > 0 ? generations[t - 1].members.opt : undefined;
      if (condition === 'plain' || condition === 'read') expect([raw, steps.postprocess]).toEqual([undefined, undefined]);
      else {
        const [written, kept] = [await records(raw), await records(generated)];
        const { read, kept: left, edited, ...removed } = steps.postprocess.report;
        expect([read, left]).toEqual([written.length, kept.length]);
        expect(Object.values(removed).reduce<number>((sum, count) => sum + Number(count), 0)).toBe(written.length - kept.length);
        const byId = new Map(written.map((record) => [record.id, record]));
        const changed = kept.filter(({ id, text }) => byId.get(id)!.text !== text);
        expect(changed).toHaveLength(Number(edited));
        for (const { id, text, tokens, origin } of kept) {
          expect(origin).toEqual(byId.get(id)!.origin);
          expect(byId.get(id)!.text).toContain(text);
          expect(tokenizer.decode(tokens)).toBe(text);
          expect(tokens.length).toBeLessThanOrEqual(byId.get(id)!.tokens.length);
        }
        if (condition === 'detected') {
          // of two candidates of each prompt the longer one
          expect(written).toHaveLength(2 * 96);
          const words = (text: string) => text.split(/\s+/).filter((word) => word !== '').length;
          const most = (position: string) => Math.max(...written.filter(({ id }) => id.endsWith(position)).map(({ text }) => words(text))); // prettier-ignore
          expect(kept).toHaveLength(96);
          for (const { id, text } of kept) expect(words(text)).toBe(most(id.slice(id.lastIndexOf('/'))));
          if (before !== undefined) {
            const train = await records(dataset);
            const report = steps[`through-opt/${t - 1}`].report;
            expect(report.kept).toBe(144);
            expect([train.length, train.filter(({ origin }) => origin.kind === 'real').length]).toEqual([144, 36]);
            const times = new Map<string, number>();
            for (const { id } of train) times.set(id, (times.get(id) ?? 0) + 1);
            expect(Math.max(...times.values())).toBeLessThanOrEqual(3 + 1);
            expect(Number(report['detector/first/auc'])).toBeGreaterThan(0.5);
            seen.detected += Number(report['copies/resample']);
            seen.redrawn += Number(report.edited);
          }
          continue;
        }
        seen.shortened += changed.length;
        if (condition === 'cut') {
          // up to the last full stop of the first line
          const whole = (text: string) => /^.*[.!?](?=\s|$)/.exec(text.split('\n')[0])?.[0];
          for (const { id, text } of kept) expect(text).toBe(whole(byId.get(id)!.text));
          const gone = written.filter(({ id, text }) => whole(text) !== undefined && !kept.some((one) => one.id === id));
          for (const { text } of gone) expect(tokenizer.encode(whole(text)!).length).toBeLessThan(3);
          seen.cut += kept.length;
          // real records stand in the places of what continued them
          if (before !== undefined) {
            const last = await records(before.generated);
            const train = await records(dataset);
            expect(train).toHaveLength(last.length);
            const real = train.filter(({ origin: { kind } }) => kind === 'real');
            expect(real).toHaveLength(Math.round(0.25 * last.length));
            train.forEach((record, i) => {
              const continued = (last[i].origin as { prompt: string }).prompt;
              expect(record.id).toBe(record.origin.kind === 'real' ? continued : last[i].id);
            });
          }
        } else {
          // a selection: positions of what was written, which lies in the store once
          expect([generated!.kind, Number(edited)]).toEqual(['selection', 0]);
          expect(new Set(kept.map(({ text }) => text)).size).toBe(kept.length);
          seen.unlikely += Number(removed['removed/threshold']);
          // everything so far: what was real, and what was left of each generation
          const sizes = generations.slice(0, t).map(({ members: { opt } }) => Number(opt.steps.postprocess.report.kept));
          if (t > 0) expect(await records(dataset)).toHaveLength(96 + sizes.reduce((sum, n) => sum + n, 0));
        }
      }
      if (condition === 'read' && before !== undefined) {
        const train = await records(dataset);
        const taught = train.filter(({ origin }) => origin.kind === 'generated');
        for (const { text, tokens } of taught) expect([text.includes('.'), tokens.length >= 3]).toEqual([false, true]);
        expect(train.length - taught.length).toBe(48);
        const { read, kept } = steps[`through-opt/${t - 1}`].report;
        expect(read).toBe((await records(before.generated)).length);
        expect(taught).toHaveLength(Math.min(48, Number(kept)));
        seen.taught += taught.length;
      }
    }
  }
  // there was something to do for each
  for (const [what, count] of Object.entries(seen)) expect([what, count > 0]).toEqual([what, true]);

  const { stdout } = await habsburg(['results', 'tiny-operators', '--store', store]);
  expect(stdout).toMatch(/\nrare +0 +opt, written +96 .*dedupe \d.*, threshold \d/);
  expect(stdout).toMatch(/\nread +1 +opt, read of opt\/0 +96 /);

  const steps = await stepsOf(store);
  const again = await json<RunOutcome>(['run', ...args]);
  expect(again.result.steps.computed).toBe(0);
  expect(await stepsOf(store)).toEqual(steps);
}, 900_000);
