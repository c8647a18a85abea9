/** Against NLTK's sentence_bleu (each text against all others) and sacrebleu. */
import { describe, expect, test } from '@jest/globals';
import { selfBleus } from '../../evaluations/self-bleu.js';
import { againstOthers, nltkScore } from '../../evaluations/self-bleu-scores.js';
import { encode } from '../../evaluations/token-ids.js';
import { split, stein } from '../../evaluations/tokenizers.js';
import { defaultsOf } from '../../evaluations/types.js';
import { expectEqual, golden, goldenTexts } from './reference.js';
import { textsFrom } from './support.js';

interface Scores {
  readonly mean: number;
  readonly per_text: number[];
}
type ByOrder = Record<string, Scores>;
const reference = golden<{
  corpora: Record<string, { ids: string[]; stein: ByOrder; split: ByOrder }>;
  schaffelder: Record<string, { ids: string[]; mean: number; diversity: number; per_text: number[] }>;
  sampled: { positions: number[]; mean: number };
}>('self-bleu');
const byId = new Map(goldenTexts().map(({ id, text }) => [id, text]));
const textsOf = (ids: readonly string[]): string[] => ids.map((id) => byId.get(id)!);
const variant = (name: string) => selfBleus.find((e) => e.variant === name)!;
const compute = (name: string, texts: string[], settings = {}, tokens: number[][] = []) =>
  variant(name).compute(
    { records: { generated: textsFrom(tokens, texts) }, tables: {} },
    { ...defaultsOf(variant(name)), ...settings },
  );

describe.each(Object.keys(reference.corpora))('%s', (corpus) => {
  const { ids, ...tokenized } = reference.corpora[corpus];
  test.each(Object.entries({ stein, split }))('%s', (name, tokenize) => {
    for (const [order, { mean, per_text }] of Object.entries(tokenized[name as 'stein' | 'split'])) {
      const scores = againstOthers(encode(textsOf(ids), tokenize).texts, Number(order)).map(nltkScore);
      scores.forEach((score, i) => expectEqual(`${order} ${ids[i]} ${i}`, score, per_text[i]));
      expect(scores).toHaveLength(per_text.length);
      const rows = compute(name === 'split' ? 'whitespace' : 'stein', textsOf(ids), { order: Number(order) });
      expectEqual('mean', rows[0].value, mean);
      expectEqual('diversity', rows[1].value, 1 - mean);
      expect(rows.map((r) => r.n)).toEqual([ids.length, ids.length, ids.length]);
    }
  });
});

test.each(Object.entries(reference.schaffelder))("Schaffelder's form: %s", (_name, { ids, mean, diversity }) => {
  const rows = compute('schaffelder', textsOf(ids));
  expectEqual('mean', rows[0].value, mean);
  expectEqual('diversity', rows[1].value, diversity);
});

test('some texts as hypotheses, all as references', () => {
  const { positions, mean } = reference.sampled;
  const scores = againstOthers(encode(textsOf(reference.corpora.large.ids), split).texts, 4).map(nltkScore);
  expectEqual('mean', positions.reduce((sum, i) => sum + scores[i], 0) / positions.length, mean);
});

test('token ids are words like others', () => {
  const texts = textsOf(reference.corpora.small.ids);
  const ids = [...encode(texts, split).texts].map((row) => Array.from(row, (id) => id * 7 + 50_000));
  expectEqual('mean', compute('drayson', [], {}, ids)[0].value, reference.corpora.small.split[4].mean);
});

test('inside one text: each sentence of four words or more against the others (sacrebleu 2.6.0)', () => {
  const means = WITHIN.map(([text]) => compute('schaffelder/in-text', [text])[0]?.value);
  WITHIN.forEach(([text, mean], i) =>
    mean === undefined ? expect(means[i]).toBeUndefined() : expectEqual(text, means[i], mean),
  );
  const [all, diversity] = compute('schaffelder/in-text', WITHIN.map(([text]) => text)); // prettier-ignore
  expectEqual('all', all.value, means.filter((mean) => mean !== undefined).reduce((a, b) => a + b) / 6);
  expect(all.n).toBe(6);
  expectEqual('diversity', diversity.value, 100 - all.value);
});
const WITHIN: readonly (readonly [string, number?])[] = [
  [
    'The cat sat on the mat. The cat sat on the rug! A dog, however, ran away from them. Yes. Did the cat sit on the mat again?',
    45.32218927407035,
  ],
  ['One sentence alone has nothing to be compared with.'],
  ['One two three. Four five six seven. Four five six eight.', 51.08729549290355],
  [
    'First line of a list of things\nSecond line of a list of things\nshort one\nThird line, of a list of other things',
    69.1522111138536,
  ],
  ['The same words again and again. The same words again and again. The same words again and again.', 100.00000000000004],
  [
    'Prices rose by 3.5 percent in May. Prices fell by 3.5 percent in June, e.g. in towns. Nobody knows why they did so!',
    25.865461491696454,
  ],
  [''],
  ['Alpha beta gamma delta. Epsilon zeta eta theta iota. Kappa lambda mu nu xi omicron.', 9.66854754418704],
];

test('empty texts are told of; one text has no others; only the first texts count', () => {
  expect(compute('stein', ['', 'a b', '...', 'a b'])[2]).toMatchObject({ variant: 'stein/empty-texts', value: 0.5, n: 4 });
  expect(compute('stein', ['a b c'])).toEqual([]);
  expect(compute('stein', [])).toEqual([]);
  expect(compute('stein', ['a b c', 'a b c', 'x'], { texts: 2 })[0]).toMatchObject({ value: 1, n: 2 });
});

test('a million repeats, and one text of ten million letters', () => {
  const hostile = ['word '.repeat(1_000_000), 'x'.repeat(10_000_000), '', '\ud800'];
  const rows = compute('stein', hostile);
  expect(rows[0].value).toBe(0);
  expectEqual('alike', compute('whitespace', [hostile[0], hostile[0]])[0].value, 1);
});
