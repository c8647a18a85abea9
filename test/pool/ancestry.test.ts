/** Where records come from: shares of a set, and lines back to a real text. */
import { expect, test } from '@jest/globals';
import { sha256, type Digest } from '../../common/canonical.js';
import type { ArtifactRef } from '../../artifacts/types.js';
import { Ancestry } from '../../pool/ancestry.js';
import { SELECTION_SCHEMA } from '../../pool/selection.js';

const files = new Map<Digest, Buffer>();
let reads = 0;
const read = (digest: Digest) => {
  reads++;
  const found = files.get(digest);
  return found ? Promise.resolve(found) : Promise.reject(new Error(`${digest} is not there`));
};
const keep = (kind: 'dataset' | 'selection', text: string): ArtifactRef => {
  const digest = sha256(text);
  files.set(digest, Buffer.from(text));
  return { kind, digest, size: 0 };
};
const dataset = (records: readonly object[]) => keep('dataset', records.map((record) => `${JSON.stringify(record)}\n`).join(''));
const selection = (sets: readonly (readonly [ArtifactRef, number])[], runs: readonly (readonly number[])[]) =>
  keep('selection', JSON.stringify({ schema: SELECTION_SCHEMA, sets: sets.map(([{ kind, digest }, records]) => ({ kind, digest, records })), runs })); // prettier-ignore

const real = dataset(
  [0, 1, 2, 3].map((i) => ({ id: `train/${i}`, text: `real ${i}`, tokens: [], origin: { kind: 'real', source: 'file:a' } })),
);
const wrote = (generation: number, prompts: readonly string[]) =>
  dataset(prompts.map((prompt, i) => ({ id: `g${generation}/m/${i}`, text: `text ${i}`, tokens: [], origin: { kind: 'generated', member: 'm', generation, model: 'x', prompt } }))); // prettier-ignore
const zeroth = wrote(0, ['train/0', 'train/1', 'train/2', 'train/3']);
const first = wrote(1, ['g0/m/1', 'train/2', 'g9/m/0']);

const ancestry = () => new Ancestry(read, (member, t) => (member !== 'm' ? undefined : [real, selection([[real, 4], [zeroth, 4]], [[0, 2, 2], [1, 0, 2]])][t])); // prettier-ignore

test('shares are counted down to the datasets, real records first, then the oldest; weights are of the loss', async () => {
  const inner = selection([[zeroth, 4], [first, 3]], [[1, 0, 3], [0, 1, 2]]); // prettier-ignore
  const set = selection([[inner, 5], [real, 4]], [[0, 0, 4], [1, 3, 1]]); // prettier-ignore
  expect(await ancestry().sharesOf(set)).toEqual([
    { source: 'file:a', records: 1, share: 0.2 },
    { member: 'm', generation: 0, records: 1, share: 0.2 },
    { member: 'm', generation: 1, records: 3, share: 0.6 },
  ]);
  const weighted = selection([[zeroth, 4], [real, 4]], [[0, 0, 3], [1, 0, 1, 3]]); // prettier-ignore
  expect(await ancestry().sharesOf(weighted)).toEqual([
    { source: 'file:a', records: 1, share: 1 / 4, lossShare: 3 / 6 },
    { member: 'm', generation: 0, records: 3, share: 3 / 4, lossShare: 3 / 6 },
  ]);
  expect(await ancestry().sharesOf(real)).toEqual([{ source: 'file:a', records: 4, share: 1 }]);
});

test('a line goes from a record over what it continues to a real text, as far as that is known', async () => {
  const of = ancestry();
  const ids = (lines: readonly (readonly { readonly id: string }[])[]) => lines.map((line) => line.map(({ id }) => id));
  expect(ids(await of.linesOf(first, 3))).toEqual([['g1/m/0', 'g0/m/1', 'train/1'], ['g1/m/1', 'train/2'], ['g1/m/2']]);
  expect((await of.linesOf(first, 1))[0].map(({ text }) => text)).toEqual(['text 0', 'text 1', 'real 1']);
  // evenly through the set, and no more than there are
  expect(ids(await of.linesOf(real, 2))).toEqual([['train/0'], ['train/2']]);
  expect(await of.linesOf(real, 99)).toHaveLength(4);
  const before = reads;
  await of.linesOf(real, 4);
  expect(reads).toBe(before);
});

test('a damaged dataset is told', async () => {
  const broken = keep('dataset', '{"id": "train/0", "origin": {"kind": "real", "source": "s"}}\nno\n');
  await expect(ancestry().sharesOf(broken)).rejects.toThrow(/record 1 is not JSON; the dataset is damaged/);
});
