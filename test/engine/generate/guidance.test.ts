/** Writing with two models: transformers' tokens under classifier-free guidance (guidance/make_golden.py), and what is refused. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { loadCheckpoint } from '../../../engine/checkpoint/huggingface.js';
import { guidanceWords } from '../../../engine/generate/guidance.js';
import { generate } from '../../support/generation.js';

const { prompts, cases } = JSON.parse(await readFile('test/engine/generate/guidance/golden.json', 'utf8')) as {
  prompts: number[][];
  cases: { s: string; other: string; weight: number; new_tokens: number[][] }[];
};
const load = (name: string) => loadCheckpoint(`test/golden/lm/${name}`);
const greedy = { strategy: 'greedy', maxNewTokens: 24, minNewTokens: 24 } as const;

describe.each(cases)('$s, less $weight of $other', ({ s, other, weight, new_tokens: expected }) => {
  test('transformers’ tokens, whichever of both writes, in batches of any size', async () => {
    const [first, second] = [await load(s), await load(other)];
    for (const batch of [1, 4]) {
      const against = { ...greedy, batch, guidance: { weight, against: 'previous' } } as const;
      expect(await generate(first, prompts, against, { guide: second })).toEqual(expected);
      const toward = { ...greedy, batch, guidance: { weight, toward: 'previous' } } as const;
      expect(await generate(second, prompts, toward, { guide: first })).toEqual(expected);
    }
  });
});

test('rows that end at different times, and drafts, go the same way', async () => {
  const [first, second] = [await load('llama-gqa'), await load('gpt2')];
  const guidance = { weight: 0.5, against: 'previous' } as const;
  const [whole] = [cases[0].new_tokens];
  const end = whole[0][5];
  const cut = whole.map((row) => (row.includes(end) ? row.slice(0, row.indexOf(end) + 1) : row));
  const settings = { ...greedy, minNewTokens: 0, batch: 2, guidance };
  const options = { guide: second, eosTokenId: [end] };
  expect(await generate(first, prompts, settings, options)).toEqual(cut);
  expect(await generate(first, prompts, { ...settings, promptLookupNumTokens: 3 }, options)).toEqual(cut);
});

test('a model against itself is itself, sampled too', async () => {
  const model = await load('opt-pre-ln');
  const settings = { strategy: 'sample', maxNewTokens: 12, minNewTokens: 12, batch: 4 } as const;
  const guided = { ...settings, guidance: { weight: 2, against: 'generation-0' } } as const;
  expect(await generate(model, prompts, guided, { guide: model })).toEqual(await generate(model, prompts, settings));
});

test('another vocabulary, and no second model, are refused', async () => {
  const [model, other] = [await load('opt-pre-ln'), await load('opt-pre-ln')];
  const settings = { ...greedy, batch: 1, guidance: { weight: 1, against: 'previous' } } as const;
  const larger = { ...other, config: { ...other.config, vocabularySize: 400 } };
  await expect(generate(model, prompts, settings, { guide: larger })).rejects.toThrow('these have 336 and 400 tokens');
  await expect(generate(model, prompts, settings)).rejects.toThrow('guidance needs a second model');
});

test('in words', () => {
  expect(guidanceWords({ weight: 1, against: 'previous' })).toBe('guided 1 away from the model before it');
  expect(guidanceWords({ weight: 0.5, toward: 'generation-0' })).toBe('guided 0.5 from itself to model 0');
});
