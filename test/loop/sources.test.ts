/** Terms that read other real texts than data.train, through the real server: what a model trained on, and nothing twice elsewhere. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openArtifactStore } from '../../artifacts/open.js';
import { sha256 } from '../../common/canonical.js';
import { loadTokenizer } from '../../engine/tokenizer/files.js';
import { readAllRecords, type DataRecord } from '../../pool/records.js';
import { readResults } from '../../report/rows.js';
import { habsburg, json, recordsIn, temporaryFolder, type RunOutcome } from './support.js';

const YAML = new URL('./sources.yaml', import.meta.url);
/** one line again and again: 16 tokens of it are one block, and the next the same, so few are different */
const ESSAYS = 'ka ka ka ka ka ka ka.\n'.repeat(60);

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder('sources');
});
afterAll(() => folder.remove());

test('a term from a file is read in its reader’s blocks, whole, by share, through operators; where it lies is no part of any key', async () => {
  const here = join(folder.path, 'here');
  await mkdir(join(here, 'texts'), { recursive: true });
  await writeFile(join(here, 'e.yaml'), await readFile(YAML));
  await writeFile(join(here, 'texts', 'essays.txt'), ESSAYS);
  const store = join(folder.path, 'store');
  const run = (at: string) => ['run', join(at, 'e.yaml'), '--home', join(folder.path, 'home'), '--store', store];
  const { result } = await json<RunOutcome>(run(here));
  expect(result).toMatchObject({ failed: 0, runs: 3, generations: 2 });
  // prepare and view once; 3 steps of generation 0, which all have in common, and 4 of each later one; one set through its operator
  expect(result.steps.computed).toBe(1 + 1 + 3 + 3 * 2 * 4 + 1);

  const artifacts = openArtifactStore(store);
  const records = async (ref: Parameters<typeof recordsIn>[1]): Promise<DataRecord[]> =>
    readAllRecords(await recordsIn(artifacts, ref, join(folder.path, 'sets')));
  const { runs } = await readResults(artifacts, 'tiny-sources');
  const blocks = new Map<string, readonly DataRecord[]>();
  for (const { condition, generations, inputs } of runs) {
    const tokenizer = await loadTokenizer(await recordsIn(artifacts, inputs!.tokenizer, join(folder.path, 'sets')));
    for (const { generation: t, members } of generations.slice(1)) {
      const train = await records(members.opt.dataset!);
      const real = train.filter(({ origin }) => origin.kind === 'real');
      for (const { origin, text, tokens } of real) {
        expect(origin).toEqual({ kind: 'real', source: `file:${sha256(ESSAYS)}` });
        expect([tokens.length, tokenizer.decode(tokens)]).toEqual([16, text]);
      }
      const before = await records(generations[t - 1].members.opt.generated!);
      const written = train.filter(({ origin }) => origin.kind === 'generated');
      if (condition === 'half') expect([real.length, written.length]).toEqual([24, 24]);
      else expect(written).toEqual(before);
      if (condition !== 'half') blocks.set(condition, real);
    }
  }
  // the whole text, in order, but for the remainder of the last block
  const whole = blocks.get('whole')!;
  expect(ESSAYS.replaceAll('\n', '')).toContain(whole.map(({ text }) => text.replaceAll(/<\/s>|\n/g, '')).join(''));
  expect(whole.length).toBeGreaterThan(24);
  const different = [...new Set(whole.map(({ text }) => text))];
  expect(blocks.get('unlike')!.map(({ text }) => text)).toEqual(different);
  expect(different.length).toBeLessThan(whole.length);

  // elsewhere, and the text is called otherwise
  const there = join(folder.path, 'there');
  await rename(here, there);
  await rename(join(there, 'texts', 'essays.txt'), join(there, 'texts', 'prose.txt'));
  await writeFile(join(there, 'e.yaml'), (await readFile(YAML, 'utf8')).replaceAll('essays', 'prose'));
  const again = await json<RunOutcome>(run(there));
  expect(again.result.steps.computed).toBe(0);
  expect(again.rows).toHaveLength(9);

  // another text is another plan, and a text that is not there is told with its line
  const planned = async () => (await json<{ digest: string }>(['plan', join(there, 'e.yaml')])).digest;
  const one = await planned();
  await writeFile(join(there, 'texts', 'prose.txt'), `${ESSAYS}more\n`);
  expect(await planned()).not.toBe(one);
  await rename(join(there, 'texts'), join(there, 'elsewhere'));
  const { code, stdout } = await habsburg(['validate', join(there, 'e.yaml')]);
  expect(code).toBe(2);
  expect(stdout).toMatch(/e\.yaml:\d+:\d+: conditions\.0\.mixture\.0\.from: .*prose\.txt/);
}, 600_000);
