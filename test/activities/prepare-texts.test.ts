/** What a run reads of its texts: blocks and tokenizer come from the drawn lines alone. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { prepareTexts } from '../../activities/prepare-texts.js';
import { subsetLines } from '../../data/subset.js';
import { loadTokenizer } from '../../engine/tokenizer/files.js';
import { readAllRecords } from '../../pool/records.js';
import type { TextDataPlan } from '../../kinds/text/plan.js';

const root = mkdtempSync(join(tmpdir(), 'habsburg-prepare-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const SPLITS = ['train', 'valid', 'test'] as const;
/** A line has a word that no other has, twice. */
const lines = Array.from({ length: 300 }, (_, i) => {
  const word = String.fromCharCode(...[7, 0, 14].map((shift) => 0x4e00 + (((i * 2654435761) >>> shift) % 0x1000)));
  return `${word} ${word}`;
});

async function drawn(split: (typeof SPLITS)[number], data: TextDataPlan): Promise<string[]> {
  const all = (async function* () {
    yield await Promise.resolve(lines);
  })();
  const found: string[] = [];
  for await (const some of subsetLines(all, split, data)) found.push(...some);
  return found;
}

test('a subset is all that is read: for blocks of each split, and for the tokenizer', async () => {
  const place = { kind: 'given', text: lines.map((line) => `${line}\n`).join('') } as const;
  const data = {
    train: '',
    valid: '',
    test: '',
    block: 1,
    packing: 'bos-line',
    limit: {},
    subset: { train: 0.2, valid: 0.5, test: 1, seed: 42 },
  } satisfies TextDataPlan;
  const folder = (name: string) => {
    mkdirSync(join(root, name));
    return join(root, name);
  };
  const texts = Object.fromEntries(SPLITS.map((split) => [split, { place, source: split }])) as never;
  const folders = Object.fromEntries([...SPLITS, 'tokenizer' as const].map((name) => [name, folder(name)])) as never;
  await prepareTexts({ data, tokenizer: { kind: 'bpe', vocabulary: 5000 }, texts, folders });
  const tokenizer = await loadTokenizer(join(root, 'tokenizer'));
  for (const split of SPLITS) {
    const expected = await drawn(split, data);
    const records = await readAllRecords(join(root, split));
    const text = tokenizer.decode(records.flatMap(({ tokens }) => tokens));
    expect(text).toBe(expected.map((line) => `</s>${line}\n`).join(''));
    expect(expected.length < lines.length).toBe(split !== 'test');
  }
  // words that it was trained on became single tokens, others stay in pieces
  const known = new Set(await drawn('train', data));
  for (const line of lines) {
    const [word] = line.split(' ');
    expect(tokenizer.encode(word).length === 1).toBe(known.has(line));
  }
});
