/** view: what a member reads of what others wrote and of other sources, and what determines it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import type { ApplicationFailure } from '@temporalio/activity';
import { viewActivity } from '../../activities/view.js';
import type { ViewInput, ViewOfSet, ViewOfSource } from '../../activities/types.js';
import { sha256 } from '../../common/canonical.js';
import { writeIdxImages } from '../../data/idx.js';
import { readImages, writeImageRecords } from '../../pool/images.js';
import { END, tokenizerIn } from '../support/tokenizer.js';
import { Workplace, text } from '../support/workplace.js';

const at = new Workplace();
afterAll(() => at.remove());

const FACTS = { begins: END, prefix: '', ends: String(END) };
const published = async (lines?: readonly string[], merges?: number) => {
  const folder = at.folder();
  const tokenizer = await tokenizerIn(folder, lines, merges);
  return { tokenizer, ref: await at.store.publish('tokenizer', folder, FACTS) };
};
const writer = await published();
const reader = await published(['abab abab'], 2);
const written = (...said: string[]) =>
  at.texts(
    said.map((one, i) =>
      text(`g2/w/00000${i}`, [END, ...writer.tokenizer.encode(`${one}\n`)], {
        text: one,
        origin: { kind: 'generated', member: 'w', generation: 2, model: 'sha256:m' },
      }),
    ),
  );
const OF_WRITER = at.place({ member: 'w' });
const ofSet: ViewOfSet = {
  place: OF_WRITER,
  set: await written('abab', 'ab'),
  writer: writer.ref,
  reader: reader.ref,
  block: 3,
  packing: 'bos-line',
};
const view = (input: ViewInput) => at.do(viewActivity, input);
const failed = (input: ViewInput) => view(input).catch((error: unknown) => error as ApplicationFailure);

test('a set in the blocks and tokens of its reader, which the dataset names', async () => {
  const { outputs, report } = await view(ofSet);
  const all = ['abab', 'ab'].flatMap((line) => [END, ...reader.tokenizer.encode(`${line}\n`)]);
  const records = Math.floor(all.length / 3);
  expect(report).toEqual({ read: 2, records });
  expect((await at.readTexts(outputs.view)).map(({ tokens }) => tokens)).toEqual(
    Array.from({ length: records }, (_, i) => all.slice(3 * i, 3 * i + 3)),
  );
  expect((await at.store.manifest(outputs.view.digest)).facts).toEqual({ records, block: 3, tokenizer: reader.ref.digest });
});

test('all who read alike share it: the key has the texts, both tokenizers, block and packing', async () => {
  const input = { ...ofSet, block: 5 };
  const changed = await at.changed(view, input, {
    set: { ...input, set: await written('other', 'texts') },
    reader: { ...input, reader: writer.ref },
    writer: { ...input, writer: reader.ref },
    block: { ...input, block: 2 },
    packing: { ...input, packing: 'records' },
  });
  expect(changed).toEqual(['set', 'reader', 'writer', 'block', 'packing']);
});

test('too little for one block is told as what it is', async () => {
  const error = await failed({ ...ofSet, set: await written('ab'), block: 60 });
  expect(error).toMatchObject({
    type: 'habsburg.invalid',
    message: 'what w wrote in generation 2 is not one block of 60 tokens for its reader; let it write more',
  });
});

test('a source is known by what it holds, wherever it lies', async () => {
  const [here, there] = ['here.txt', 'there.txt'].map((name) => join(at.root, name));
  for (const path of [here, there]) writeFileSync(path, 'abab\nab\n');
  const place = at.place({ seed: 0, generation: 0, member: '' });
  const source = (path: string, more: Partial<ViewOfSource> = {}): ViewOfSource => ({
    place,
    source: `file:${path}`,
    reader: reader.ref,
    block: 3,
    packing: 'bos-line',
    ...more,
  });
  const first = await view(source(here));
  expect(await at.readTexts(first.outputs.view)).toMatchObject([{ id: 'source/000000', origin: { kind: 'real' } }, {}]);
  expect((await view(source(there))).key).toBe(first.key);
  const { sources, parameters } = await at.stated(first);
  expect(Object.keys(sources)).toEqual(['text']);
  expect(parameters).toMatchObject({ text: { digest: sha256('abab\nab\n') }, block: 3, packing: 'bos-line' });
  writeFileSync(here, 'another text\n');
  expect((await view(source(here))).key).not.toBe(first.key);
  // a plan was made ready with what it held then
  expect(await failed(source(here, { sources: { [`file:${here}`]: sha256('abab\nab\n') } }))).toMatchObject({
    type: 'habsburg.invalid',
    message: expect.stringContaining('here.txt has changed since this experiment was started'),
  });
});

test('images of another file, of the size of those that there are', async () => {
  const pixels = Uint8Array.of(1, 2, 3, 4, 5, 6);
  const images = (name: string, height: number, width: number) =>
    writeIdxImages(join(at.root, name), { count: 6 / height / width, height, width, pixels });
  await images('wide', 1, 2);
  await images('high', 2, 1);
  const folder = at.folder();
  const real = { kind: 'real' as const, source: 'idx' };
  await writeImageRecords(folder, [{ id: 'a', origin: real, height: 1, width: 2, pixels: Uint8Array.of(7, 8) }]);
  const like = await at.store.publish('dataset', folder, { records: 1 });
  const of = (name: string) => ({ place: at.place({ seed: 0 }), source: `file:${join(at.root, name)}`, like });
  const { outputs, report } = await view(of('wide'));
  const out = at.folder();
  await at.store.materialise(outputs.view.digest, out);
  expect(report).toEqual({ records: 3 });
  expect(await readImages(out)).toEqual({ count: 3, height: 1, width: 2, pixels });
  expect(await failed(of('high'))).toHaveProperty(
    'message',
    expect.stringContaining('has images of 2 x 1 pixels, data.train of 1 x 2'),
  );
});
