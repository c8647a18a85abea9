/** Beam sampling has the law of transformers' algorithm, computed here by going through everything that can be drawn. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadCheckpoint, type Checkpoint } from '../../../engine/checkpoint/huggingface.js';
import { drawWithoutReplacement } from '../../../engine/generate/strategies/beam-sample.js';
import { Decoder } from '../../../engine/generate/decoder.js';
import { decoding, generate } from '../../support/generation.js';

let model: Checkpoint;
beforeAll(async () => {
  model = await loadCheckpoint('test/golden/lm/opt-odd-untied');
});

/** log p(· | tokens) over the vocabulary. */
async function logProbabilities(tokens: readonly number[]): Promise<number[]> {
  const decoder = new Decoder(model, { layout: 'chain', width: 1, head: { kind: 'all', normalised: true } }, 1);
  const [{ values }] = await decoder.read(decoder.emptyCache(3, 1), [Int32Array.from(tokens)]);
  await decoder.release();
  return Array.from(values);
}

/** The k highest, by score, best first. */
function top<T extends { readonly score: number }>(items: readonly T[], k: number): T[] {
  return items.toSorted((a, b) => b.score - a.score).slice(0, k);
}

/** Calls back with every ordered draw of `count` items without replacement and its probability. */
function eachDraw<T extends { readonly score: number }>(
  items: readonly T[],
  count: number,
  visit: (drawn: T[], p: number) => void,
): void {
  const go = (drawn: T[], left: readonly T[], p: number): void => {
    if (drawn.length === count) return visit(drawn, p);
    const total = left.reduce((sum, { score }) => sum + Math.exp(score), 0);
    left.forEach((item, i) => go([...drawn, item], left.toSpliced(i, 1), (p * Math.exp(item.score)) / total));
  };
  go([], items, 1);
}

function expectLaw(rows: readonly number[][], law: ReadonlyMap<string, number>): void {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(String(row), (counts.get(String(row)) ?? 0) + 1);
  for (const row of counts.keys()) expect([row, law.get(row) ?? 0]).not.toEqual([row, 0]);
  expect([...law.values()].reduce((a, b) => a + b)).toBeCloseTo(1, 9);
  let statistic = 0;
  let rare = 0;
  let rareSeen = 0;
  let cells = 0;
  for (const [row, p] of law) {
    const expected = p * rows.length;
    if (expected < 5) {
      rare += expected;
      rareSeen += counts.get(row) ?? 0;
      continue;
    }
    statistic += ((counts.get(row) ?? 0) - expected) ** 2 / expected;
    cells++;
  }
  if (rare > 5) {
    statistic += (rareSeen - rare) ** 2 / rare;
    cells++;
  }
  // Under the law the statistic has mean cells - 1 and variance about 2 (cells - 1): beyond 5 standard deviations is no chance.
  expect(cells).toBeGreaterThan(3);
  expect(Math.abs(statistic - (cells - 1))).toBeLessThan(5 * Math.sqrt(2 * (cells - 1)));
}

const PROMPT = [5, 17, 30];
const DRAWS = 3000;
const prompts = Array.from({ length: DRAWS }, () => PROMPT);

describe('beam sampling', () => {
  test('one token: the better of the first two drawn', async () => {
    const scores = (await logProbabilities(PROMPT)).map((score) => score / 1.5);
    const law = new Map<string, number>();
    const items = scores.map((score, token) => ({ score, token }));
    eachDraw(items, 2, (drawn, p) => {
      const { token } = top(drawn, 1)[0];
      law.set(String(token), (law.get(String(token)) ?? 0) + p);
    });
    const settings = decoding({ strategy: 'beam-sample', beams: 2, maxNewTokens: 1, temperature: 1.5, batch: 500 });
    expectLaw(await generate(model, prompts, settings), law);
  });

  test('three tokens: drawn, extended, drawn again', async () => {
    // Five candidates a beam; four are drawn, the two best go on, and at the end the first two drawn compete.
    const law = new Map<string, number>();
    interface Item {
      readonly score: number;
      readonly tokens: readonly number[];
    }
    const extend = async ({ score, tokens }: Item): Promise<Item[]> => {
      const next = (await logProbabilities([...PROMPT, ...tokens])).map((logp, token) => ({ score: logp / 0.8, token }));
      return top(next, 5).map((item) => ({ score: score + item.score, tokens: [...tokens, item.token] }));
    };
    let beams = new Map<string, { p: number; items: Item[] }>([['', { p: 1, items: [{ score: 0, tokens: [] }] }]]);
    for (let length = 1; length < 3; length++) {
      const next = new Map<string, { p: number; items: Item[] }>();
      for (const { p, items } of beams.values()) {
        const candidates = (await Promise.all(items.map(extend))).flat();
        eachDraw(candidates, 4, (drawn, q) => {
          const kept = top(drawn, 2);
          const key = JSON.stringify(kept.map(({ tokens }) => tokens));
          const entry = next.get(key) ?? { p: 0, items: kept };
          next.set(key, { ...entry, p: entry.p + p * q });
        });
      }
      beams = next;
    }
    for (const { p, items } of beams.values()) {
      const candidates = (await Promise.all(items.map(extend))).flat();
      eachDraw(candidates, 2, (drawn, q) => {
        const key = String(top(drawn, 1)[0].tokens);
        law.set(key, (law.get(key) ?? 0) + p * q);
      });
    }
    const settings = decoding({ strategy: 'beam-sample', beams: 2, maxNewTokens: 3, temperature: 0.8, topK: 5, batch: 500 });
    expectLaw(await generate(model, prompts, settings), law);
  });

  test('batches do not matter, rows do; end tokens end rows', async () => {
    const settings = decoding({ strategy: 'beam-sample', beams: 3, maxNewTokens: 10, topP: 0.9, batch: 4 });
    const some = Array.from({ length: 7 }, (_, i) => [5 + i, 17, 30].slice(0, 1 + (i % 3)));
    const rows = await generate(model, some, settings);
    expect(await generate(model, some, { ...settings, batch: 1 })).toEqual(rows);
    expect(await generate(model, some.slice(3), settings, { rowIndex: (i) => i + 3 })).toEqual(rows.slice(3));
    expect(await generate(model, some, settings, { rowIndex: (i) => i + 100 })).not.toEqual(rows);
    const eosTokenId = [rows[0][2], rows[1][3]];
    for (const row of await generate(model, some, settings, { eosTokenId })) {
      const end = row.findIndex((token) => eosTokenId.includes(token));
      expect(end === -1 ? 10 : end + 1).toBe(row.length);
    }
  });

  test('draws end when nothing is left, and what hardly weighs anything is drawn last', () => {
    expect(drawWithoutReplacement(Float32Array.of(0, -1, -Infinity), 4, () => 0.9)).toEqual([1, 0]);
    expect(drawWithoutReplacement(Float32Array.of(-60, 0, -61), 3, () => 0.5)).toEqual([1, 0, 2]);
  });

  test('fewer candidates than beams need: the rest cannot win', async () => {
    // Two tokens a beam and one beam at first: of the six candidates that three beams ask for, two have any probability.
    const settings = decoding({ strategy: 'beam-sample', beams: 3, maxNewTokens: 4, topK: 1 });
    for (const row of await generate(model, prompts.slice(0, 20), settings)) {
      for (let length = 0; length < 4; length++) {
        const logp = await logProbabilities([...PROMPT, ...row.slice(0, length)]);
        expect(logp.filter((x) => x > logp[row[length]]).length).toBeLessThan(2);
      }
    }
  });
});
