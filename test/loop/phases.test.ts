/** Settings that change from a generation on, through the loop on texts and images: nothing before is computed again, and all digests are the same. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openArtifactStore } from '../../artifacts/open.js';
import { readHeads, RECORDS_FILE } from '../../pool/records.js';
import { readResults } from '../../report/rows.js';
import { TINY, bars, json, recordsIn, stepsOf, temporaryFolder, type RunOutcome } from './support.js';

let home: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  home = await temporaryFolder('loop-phases');
});
afterAll(() => home.remove());

const LATER = `  - name: later
    mixture: { kind: replace }
    phases:
      - from: 2
        mixture: { kind: accumulate }
        override: { MEMBER: { training: { epochs: 1 } } }
`;

/** An experiment file with the first condition of another alone, and with a second one that differs from generation 2 on. */
async function files(path: string, member: string): Promise<{ usual: string; both: string }> {
  const text = (await readFile(path, 'utf8'))
    .replace('generations: 2', 'generations: 3')
    .replace(/ {2}- name: keep-25\n.*\n/, '');
  const [usual, both] = [join(home.path, `${member}-usual.yaml`), join(home.path, `${member}-both.yaml`)];
  await writeFile(usual, text);
  await writeFile(both, text.replace('execution:', `${LATER.replace('MEMBER', member)}execution:`));
  return { usual, both };
}

/** Steps that runs ask for; a score asks for observations and evaluations itself. */
const chained = (steps: Awaited<ReturnType<typeof stepsOf>>): number =>
  [...steps.values()].filter(({ step }) => step !== 'observe' && step !== 'evaluate').length;

describe.each([
  ['texts', TINY, 'opt', 96],
  ['images', fileURLToPath(new URL('./vae.yaml', import.meta.url)), 'vae', 160],
])('%s', (kind, path, member, records) => {
  test('a condition that differs from a generation on shares all steps before it', async () => {
    await writeFile(join(home.path, 'images.gz'), gzipSync(bars(200)));
    const { usual, both } = await files(path, member);
    const url = join(home.path, kind);
    const run = (file: string) => json<RunOutcome>(['run', file, '--home', join(home.path, 'home'), '--store', url]);
    const first = await run(usual);
    expect(first.result.failed).toBe(0);
    const before = await stepsOf(url);
    // prepare; 3 steps of generation 0, 4 of each later one
    expect(chained(before)).toBe(1 + 3 + 3 * 4);

    const second = await run(both);
    expect(second.result.failed).toBe(0);
    const after = await stepsOf(url);
    // of the second condition 4 steps of generations 2 and 3, and one that puts together what was written before
    expect(chained(after) - chained(before)).toBe(2 * 4 + 1);
    for (const [key, step] of before) expect(after.get(key)).toEqual(step);

    const store = openArtifactStore(url);
    const [stem, later] = (await readResults(store, kind === 'texts' ? 'tiny' : 'tiny-vae')).runs;
    expect([stem.run, later.run]).toEqual(['replace/seed-1', 'later/seed-1']);
    for (const t of [0, 1])
      for (const role of ['dataset', 'model', 'generated', 'scores'] as const)
        expect([t, role, later.generations[t].members[member][role]]).toEqual([
          t,
          role,
          stem.generations[t].members[member][role],
        ]);
    expect(later.generations[2].members[member].model).not.toEqual(stem.generations[2].members[member].model);
    expect(Object.keys(later.generations[2].members[member].steps)).toContain(`past-${member}`);

    for (const { generation: t, members } of later.generations) {
      const counts = Array.from({ length: t + 1 }, () => 0);
      const folder = await recordsIn(store, members[member].dataset!, join(home.path, 'sets'));
      for await (const { origin } of readHeads(join(folder, RECORDS_FILE)))
        counts[origin.kind === 'real' ? 0 : origin.generation + 1]++;
      const all = Array.from({ length: t + 1 }, () => records);
      expect([t, counts]).toEqual([t, t === 1 ? [0, records] : all]);
    }
  }, 600_000);
});
