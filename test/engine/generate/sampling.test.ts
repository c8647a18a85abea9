/** Sampling draws from the model's distribution, and neither batches, order nor resume change what is drawn. */
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadCheckpoint, type Checkpoint } from '../../../engine/checkpoint/huggingface.js';
import { Decoder } from '../../../engine/generate/decoder.js';
import { warpersOf } from '../../../engine/generate/warpers/index.js';
import { softmax } from '../../../engine/generate/warpers/softmax.js';
import { decoding, generate } from '../../support/generation.js';

let model: Checkpoint;
beforeAll(async () => {
  model = await loadCheckpoint('test/golden/lm/opt-odd-untied');
});

const PROMPTS = Array.from({ length: 11 }, (_, i) => Array.from({ length: 1 + (i % 5) }, (_, t) => 3 + ((7 * i + 3 * t) % 40)));

describe('sampling', () => {
  test.each([{ temperature: 1.3 }, { topK: 9 }, { topP: 0.7 }, { minP: 0.5 }, { typicalP: 0.6 }, { repetitionPenalty: 3 }])(
    'first tokens follow the warped distribution: %j (chi-square)',
    async (warp) => {
      const draws = 4000;
      const settings = decoding({ strategy: 'sample', maxNewTokens: 1, batch: 500, ...warp });
      const rows = await generate(
        model,
        Array.from({ length: draws }, () => [5, 17, 30]),
        settings,
      );
      const decoder = new Decoder(model, { layout: 'chain', width: 1, head: { kind: 'all', normalised: false } }, 1);
      const prompt = Int32Array.of(5, 17, 30);
      const scores = await decoder.read(decoder.emptyCache(1, 1), [prompt]);
      await decoder.release();
      const logits = scores[0].values.slice();
      const history = { tokens: prompt, length: 3, promptLength: 3 };
      for (const warp of warpersOf(settings, { endTokens: [], minTokensToKeep: 1 })) warp(logits, history);
      const expected = softmax(logits);
      const counts = new Float64Array(expected.length);
      for (const [token] of rows) counts[token]++;
      let statistic = 0;
      let cells = 0;
      expected.forEach((p, id) => {
        if (p === 0) return expect(counts[id]).toBe(0);
        statistic += (counts[id] - draws * p) ** 2 / (draws * p);
        cells++;
      });
      // Under the law the statistic has mean cells - 1 and variance about 2 (cells - 1): beyond 5 standard deviations is no chance.
      const freedom = cells - 1;
      expect(freedom).toBeGreaterThan(1);
      expect(Math.abs(statistic - freedom)).toBeLessThan(5 * Math.sqrt(2 * freedom));
    },
  );

  const settings = decoding({ strategy: 'sample', maxNewTokens: 12, temperature: 0.9, topK: 20, topP: 0.95 });

  test('batch size and threads do not matter', async () => {
    const alone = await generate(model, PROMPTS, { ...settings, batch: 1 });
    expect(await generate(model, PROMPTS, { ...settings, batch: 4 })).toEqual(alone);
    expect(await generate(model, PROMPTS, { ...settings, batch: 64 }, { threads: 2 })).toEqual(alone);
    expect(new Set(alone.map(String)).size).toBe(PROMPTS.length);
  });

  test('a shard that knows its row numbers draws what the whole draws', async () => {
    const whole = await generate(model, PROMPTS, settings);
    const shard = await generate(model, PROMPTS.slice(6), settings, { rowIndex: (i) => i + 6 });
    expect(shard).toEqual(whole.slice(6));
  });

  test('the same prompt in another row draws something else', async () => {
    const rows = await generate(
      model,
      [
        [5, 6],
        [5, 6],
        [5, 6],
      ],
      settings,
    );
    expect(new Set(rows.map(String)).size).toBe(3);
  });

  test('end tokens stop a row, and are banned below the minimum', async () => {
    const endTokens = Array.from({ length: 30 }, (_, i) => i);
    const rows = await generate(model, PROMPTS, { ...settings, minNewTokens: 3 }, { eosTokenId: endTokens });
    for (const row of rows) {
      expect(row.length).toBeGreaterThan(3);
      const end = row.findIndex((token) => token < 30);
      expect(end === -1 ? row.length : end + 1).toBe(end === -1 ? 12 : row.length);
      expect(row.slice(0, 3).every((token) => token >= 30)).toBe(true);
    }
    expect(rows.some((row) => row.length < 12)).toBe(true);
  });
});

describe.each([settingsOf('greedy'), settingsOf('sample'), settingsOf('beam')])('resume: $strategy', (settings) => {
  test('going on at a batch boundary gives the rows of an uninterrupted call', async () => {
    const whole = await generate(model, PROMPTS, settings);
    expect(await generate(model, PROMPTS, settings, { startAt: 8 })).toEqual(whole.slice(8));
    expect(await generate(model, PROMPTS, settings, { startAt: 11 })).toEqual([]);
  });
});

describe.each([settingsOf('greedy'), settingsOf('sample'), settingsOf('beam')])('rows that end early: $strategy', (settings) => {
  const prompts = Array.from({ length: 21 }, (_, i) =>
    Array.from({ length: 1 + ((5 * i) % 39) }, (_, t) => 3 + ((71 * i + 37 * t) % 330)),
  );
  const small = { ...settings, maxNewTokens: 40, batch: 2, temperature: settings.strategy === 'sample' ? 0.5 : 1 };
  let model: Checkpoint;
  let options: { eosTokenId: number[] };
  beforeAll(async () => {
    model = await loadCheckpoint('test/golden/lm/opt-pre-ln');
    // End tokens that this model writes often.
    const { cases } = JSON.parse(await readFile('test/golden/generate/opt-pre-ln.json', 'utf8')) as {
      cases: { eos_token_id: number[] }[];
    };
    options = { eosTokenId: cases[1].eos_token_id };
  });

  test('places that change hands do not change tokens', async () => {
    const alone = await generate(model, prompts, { ...small, batch: 1 }, options);
    expect(new Set(alone.map((row) => row.length)).size).toBeGreaterThan(1);
    for (const batch of [2, 3, 64]) expect(await generate(model, prompts, { ...small, batch }, options)).toEqual(alone);
  });

  test('resume where a call of onBatch ended', async () => {
    const starts: number[] = [];
    const whole: number[][] = [];
    await generate(model, prompts, small, {
      ...options,
      onBatch: async (start, rows) => {
        starts.push(start);
        whole.push(...rows.map((row) => Array.from(row)));
      },
    });
    expect(starts).toEqual([0, 8, 16]);
    expect(await generate(model, prompts, small, { ...options, startAt: 8 })).toEqual(whole.slice(8));
  });
});

function settingsOf(strategy: 'greedy' | 'sample' | 'beam') {
  return decoding({ strategy, beams: strategy === 'beam' ? 3 : 1, maxNewTokens: 10, batch: 4 });
}
