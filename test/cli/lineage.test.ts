/** habsburg lineage, as it is typed: what it prints, its JSON and its exit codes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { blobKey } from '../../artifacts/keys.js';
import { openArtifactStore } from '../../artifacts/open.js';
import { addStatement } from '../../artifacts/statements.js';
import { sha256 } from '../../common/canonical.js';
import { readGraph } from '../../lineage/graph.js';
import { shareAbout, shareStatement } from '../../lineage/share-statement.js';
import { shareOf } from '../../lineage/share.js';
import { Toy, record } from '../lineage/toy.js';
import { habsburg } from './support.js';
import { signer } from '../support/signer.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-lineage-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const toy = new Toy();
const store = join(root, 'store');
beforeAll(async () => {
  await toy.chain(2, 0.5, 8);
  await toy.into(store);
  writeFileSync(join(root, 'found.bin'), 'weights of model/2');
  const policy = await habsburg('keys', 'policy', '--name', 'the lab', ...keys);
  writeFileSync(join(root, 'trust.yaml'), `${policy.out}  - keyid: ${signer.keyid}\n`);
});

/** of whoever states something from here */
const keys = ['--keys', join(root, 'keys')];
/** and of whoever made the toy */
const trust = ['--trust', join(root, 'trust.yaml')];
const lineage = (...words: string[]) =>
  habsburg(
    'lineage',
    ...words,
    ...(words[0] === 'prove' || words.includes('--attest') ? keys : []),
    ...(words[0] === 'verify' ? trust : []),
    '--store',
    store,
    '--quiet',
  );
const json = async (...words: string[]) => JSON.parse((await lineage(...words, '--json')).out) as Record<string, any>;
const file = (name: string) => join(root, name);
const short = (name: string) => toy.made[name].digest.slice(7, 19);

test('find, show and why: from a file’s bytes back to the people', async () => {
  const found = await lineage('find', file('found.bin'));
  expect([found.code, found.err]).toEqual([0, '']);
  expect(found.out).toMatch(
    new RegExp(`^model ${toy.made['model/2'].digest}, .*\n {2}made by finetune of opt, generation 2, seed 1, step sha256:[0-9a-f]{64}\n {2}cross/keep/seed-1, generation 2, opt/model\n$`), // prettier-ignore
  );
  const shown = await lineage('show', 'cross/keep/seed-1/2');
  expect(shown.out).toContain(
    `finetune of opt, generation 2 (seed 1, step ${toy.steps['model/2'].key.slice(7, 19)}): model ${short('model/2')}`,
  );
  expect(shown.out).toMatch(/\nsources\n {2}train: source [0-9a-f]{12}, 9 B; people/);
  expect((await json('show', file('found.bin'))).steps).toHaveLength(9);
  const why = await lineage('why', 'cross/keep/seed-1/1', 'people');
  expect([why.code, why.out.split('\n').length]).toEqual([0, 5]);
  expect((await json('why', 'cross/keep/seed-1/1', 'people')).path.map((link: { name: string }) => link.name)).toEqual(['train', 'real', 'train']); // prettier-ignore
  const against = await lineage('why', 'cross/keep/seed-1/0', 'cross/keep/seed-1/1');
  expect([against.code, against.err]).toEqual([4, expect.stringContaining('it is the other way round')]);
  writeFileSync(file('other.bin'), 'of nobody');
  expect((await lineage('find', file('other.bin'))).code).toBe(4);
});

test('diff: nothing between a thing and itself, and where two generations part', async () => {
  const self = await lineage('diff', 'cross/keep/seed-1/1', 'cross/keep/seed-1/1');
  expect(self.out).toBe(`both are model ${short('model/1')}\n`);
  const { partings } = await json('diff', 'cross/keep/seed-1/1', 'cross/keep/seed-1/2');
  expect(partings.flatMap((one: any) => one.differences.map((difference: any) => difference.in))).toContain('generation');
  const text = await lineage('diff', 'cross/keep/seed-1/1', 'cross/keep/seed-1/2');
  expect(text.out).toMatch(/generation: 1 \| 2/);
  expect((await lineage('diff', 'cross/keep/seed-1/1', 'nobody')).code).toBe(4);
});

test('prove and check: a record and a text by their files; what was bent shows nothing', async () => {
  const proof = await lineage('prove', short('real'), '--record', 'train/000003');
  expect(proof.out.length).toBeLessThan(2048);
  await writeFile(file('in.json'), proof.out);
  await writeFile(file('line'), `${JSON.stringify(toy.recordsOf('real')[3])}\n`);
  const seen = await habsburg('lineage', 'check', file('in.json'), '--record', file('line'));
  expect([seen.code, seen.out]).toEqual([0, expect.stringMatching(new RegExp(`^dataset ${toy.made.real.digest}: this record is number 4 of 8 records`))]); // prettier-ignore
  await writeFile(file('line'), JSON.stringify(toy.recordsOf('real')[2]));
  expect((await habsburg('lineage', 'check', file('in.json'), '--record', file('line'))).code).toBe(3);

  const absent = await lineage('prove', short('real'), '--text', 'Person 8');
  await writeFile(file('out.json'), absent.out);
  expect((await habsburg('lineage', 'check', file('out.json'), '--text', ' PERSON  8')).out).toContain(
    'this text is that of no record',
  );
  expect((await habsburg('lineage', 'check', file('out.json'), '--text', 'person 7')).code).toBe(3);
  const told = JSON.parse((await habsburg('lineage', 'check', file('out.json'), '--json')).out) as object;
  expect(told).toMatchObject({ schema: 'habsburg.lineage-check/v1', proves: 'absent', dataset: toy.made.real.digest, count: 8 });
  await writeFile(file('bent.json'), absent.out.replace('"absent"', '"present"'));
  expect((await habsburg('lineage', 'check', file('bent.json'))).code).toBe(3);

  await writeFile(file('secret'), Buffer.alloc(32, 7));
  const keyed = await lineage('prove', short('real'), '--text', 'person 3', '--key', file('secret'));
  await writeFile(file('keyed.json'), keyed.out);
  expect((await habsburg('lineage', 'check', file('keyed.json'), '--text', 'person 3', '--key', file('secret'))).out).toContain('is that of a record'); // prettier-ignore
  expect((await habsburg('lineage', 'check', file('keyed.json'), '--text', 'person 3')).err).toContain('--key');

  for (const [words, kind, said] of [
    [['prove', short('real'), '--record', 'train/9'], 4, 'ask for its absence by its text'],
    [['prove', short('real')], 2, 'give one of --record and --text'],
    [['prove', short('train/1'), '--record', 'train/000000'], 2, 'one of those that this selection takes records of'],
  ] as const) {
    const { code, err } = await lineage(...words);
    expect([code, err]).toEqual([kind, expect.stringContaining(said)]);
  }
});

test('share and verify: a share is printed, stated, computed again; damage and a false share end with 3', async () => {
  const share = await lineage('share', file('found.bin'));
  expect(share.out.split('\n').slice(2)).toEqual([
    'Last fit: 0.5 human, of 128 tokens, 136 bytes, 16 records seen in 2 passes',
    '  human: 64 tokens, 64 bytes, 8 records',
    '  synthetic: 64 tokens, 72 bytes, 8 records',
    'Over its life: 0.5 human, by tokens; 1 fit, began with fresh weights.',
    'Models that a text of the last fit has gone through: 0: 0.5, 1: 0.25 and 2: 0.25.',
    'Sources, and who is said to have written them:',
    expect.stringMatching(new RegExp(`^ {2}train: source ${short('people')}, people; people; signed by key [0-9a-f]{12}$`)),
    '',
  ]);
  expect(await json('share', 'cross/keep/seed-1/2', '--attest')).toMatchObject({
    schema: 'habsburg.lineage-share/v1',
    lastFit: { humanShare: '0.500000000000' },
    lifetime: { start: 'scratch' },
    statement: expect.stringMatching(/^sha256:/),
  });
  expect((await lineage('share', short('real'))).code).toBe(2);
  expect(await json('verify', 'cross/keep/seed-1/2')).toMatchObject({ verdicts: [], steps: 9, sources: 1 });

  // a share that was made better than it is
  const { lastFit, ...rest } = await shareOf(toy.store, await readGraph(toy.store), toy.made['model/2']);
  const better = { ...rest, lastFit: { ...lastFit!, humanShare: '0.900000000000' } };
  const code = { version: '0', digest: sha256('code') };
  await addStatement(
    openArtifactStore(store),
    shareAbout(toy.made['model/2']),
    shareStatement(toy.made['model/2'], better, code),
    signer,
  );
  const refused = await lineage('verify', 'cross/keep/seed-1/2');
  expect([refused.code, refused.out]).toEqual([3, expect.stringMatching(/^disagrees: .*\(0\.900000000000 of the last fit/)]);

  const other = new Toy();
  await other.chain(2, 0.5, 8, {});
  const damaged = await other.into(file('damaged'));
  const blob = join(damaged, blobKey(other.made['model/1'].files[1].digest));
  await writeFile(blob, `${(await readFile(blob, 'utf8')).slice(0, -1)}?`);
  const told = await habsburg('lineage', 'verify', other.made['model/2'].digest, '--store', damaged, '--quiet', ...trust);
  expect([told.code, told.out]).toEqual([3, expect.stringMatching(/^damaged: model.safetensors of model sha256:/)]);
  expect(told.err).toContain('does not hold');
});

test('impact: what depends on a record, a text and a source, which runs these are, and what it takes to do without', async () => {
  const other = new Toy();
  await other.source('people', 'Person one\nperson two\n', true, 'human');
  const texts = ['person one\n', 'person two\n'];
  await other.dataset('real', texts.map((text, i) => record(`train/00000${i}`, { kind: 'real', source: 'x' }, text, 4)), {}, { step: 'prepare' }, { train: 'people' }); // prettier-ignore
  for (const [i, run] of ['one/seed-1', 'two/seed-1'].entries()) {
    await other.selection(`train/${i}`, [['real', i, 1]], { seed: i });
    await other.model(`model/${i}`, `train/${i}`, { seed: i, member: 'opt' });
    await other.result(run, 0, 'opt', { model: `model/${i}`, dataset: `train/${i}` });
  }
  const place = await other.into(file('withdrawn'));
  const impact = (...words: string[]) => habsburg('lineage', 'impact', ...words, '--store', place, '--quiet');
  const told = await impact('--record', 'train/000001');
  expect([told.code, told.err]).toEqual([0, '']);
  expect(told.out.split('\n').slice(1)).toEqual([
    'Depends on it (--json names each):',
    '  1 dataset: 1 for certain',
    '  1 selection: 1 for certain',
    '  1 model: 1 for certain',
    '  cross/two/seed-1: generation 0',
    'To do without it:',
    '  habsburg lineage impact --record train/000001 --without FILE',
    '  data.train: file:FILE, in place of people',
    '  of cross only two/seed-1: 1 run did without it',
    '  computed again: 1 prepare, 1 sample and 1 finetune; 8 tokens to train, 0 to write',
    '  reused: none',
    '',
  ]);
  const written = await impact('--text', 'PERSON two', '--without', file('rest.txt'), '--json');
  expect(JSON.parse(written.out)).toMatchObject({
    schema: 'habsburg.lineage-impact/v1',
    found: [{ id: 'train/000001', at: 1, written: false }],
    runs: [{ run: 'two/seed-1', certain: [0] }],
    plan: { again: { finetune: 1 }, trainTokens: 8, sources: [{ settings: ['data.train'] }] },
    without: { lines: 1, removed: 1 },
  });
  expect(await readFile(file('rest.txt'), 'utf8')).toBe('Person one\n');
  expect((await impact('--source', 'people')).out).toContain('  2 models: 2 for certain');
  for (const [words, kind, said] of [
    [['--text', 'person two', '--without', file('rest.txt')], 2, 'rest.txt'],
    [['--text', 'person three'], 4, 'no record of any dataset'],
    [['--record', 'train/9'], 4, 'is called train/9'],
    [['--source', other.made.real.digest], 2, 'is no source'],
    [['--source', 'people', '--without', file('none.txt')], 2, 'give another one'],
    [[], 2, 'give one of --record, --text and --source'],
  ] as const) {
    const { code, err } = await impact(...words);
    expect([words, code, err]).toEqual([words, kind, expect.stringContaining(said)]);
  }
});
