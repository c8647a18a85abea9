/** Everything that is deterministic, token for token, against transformers 5.17 on every checkpoint of test/golden. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { loadCheckpoint } from '../../../engine/checkpoint/huggingface.js';
import { OPT_MODELS, OTHER_MODELS } from '../../support/golden.js';
import { decoding, generate } from '../../support/generation.js';

interface Settings {
  readonly max_new_tokens: number;
  readonly min_new_tokens?: number;
  readonly num_beams?: number;
  readonly length_penalty?: number;
  readonly early_stopping?: boolean | 'never';
  readonly repetition_penalty?: number;
  readonly no_repeat_ngram_size?: number;
  readonly prompt_lookup_num_tokens?: number;
  readonly max_matching_ngram_size?: number;
  readonly eos_token_id?: number[];
  readonly pad_token_id?: number;
}

/** @param paddingToken what the recorded prompts were padded with, if they were */
async function continued(
  name: string,
  prompts: number[][],
  s: Settings,
  batch: number,
  paddingToken?: number,
): Promise<number[][]> {
  const settings = decoding({
    strategy: (s.num_beams ?? 1) > 1 ? 'beam' : 'greedy',
    beams: s.num_beams ?? 1,
    maxNewTokens: s.max_new_tokens,
    minNewTokens: s.min_new_tokens ?? 0,
    lengthPenalty: s.length_penalty ?? 1,
    earlyStopping: s.early_stopping ?? false,
    repetitionPenalty: s.repetition_penalty ?? 1,
    noRepeatNgramSize: s.no_repeat_ngram_size ?? 0,
    promptLookupNumTokens: s.prompt_lookup_num_tokens ?? 0,
    maxMatchingNgramSize: s.max_matching_ngram_size ?? 2,
    batch,
  });
  const model = await loadCheckpoint(`test/golden/lm/${name}`);
  // Recorded with the model's own end token where none was given: min_new_tokens forbids it.
  const eosTokenId = s.eos_token_id ?? [model.config.json.eos_token_id as number];
  return generate(model, prompts, settings, { eosTokenId, paddingToken });
}

const CHECKPOINTS = ['opt-pre-ln', 'opt-post-ln-proj', ...OTHER_MODELS].map((name) => ({
  name,
  golden: JSON.parse(readFileSync(`test/golden/lm/${name}/golden.json`, 'utf8')) as {
    prompts: { input_ids: number[][]; attention_mask: number[][] };
    generate: Record<string, { settings: Settings; new_tokens: number[][] }>;
  },
}));

describe.each(CHECKPOINTS)('$name', ({ name, golden }) => {
  test.each(Object.keys(golden.generate))('%s', async (mode) => {
    const { settings, new_tokens } = golden.generate[mode];
    const prompts = golden.prompts.input_ids.map((row, b) => row.filter((_, t) => golden.prompts.attention_mask[b][t] === 1));
    const expected = new_tokens.map((row) => {
      const end = row.findIndex((token) => settings.eos_token_id?.includes(token));
      return end < 0 ? row : row.slice(0, end + 1);
    });
    // A mode may have been recorded for the first prompts only.
    expect(await continued(name, prompts.slice(0, expected.length), settings, 3, settings.pad_token_id)).toEqual(expected);
  });
});

describe.each([...OPT_MODELS])('%s, ragged prompts', (name) => {
  test.each([2, 5])('in batches of %i', async (batch) => {
    const { prompts, cases } = JSON.parse(await readFile(`test/golden/generate/${name}.json`, 'utf8')) as {
      prompts: number[][];
      cases: { settings: Settings; eos_token_id: number[]; new_tokens: number[][] }[];
    };
    for (const { settings, eos_token_id, new_tokens } of cases) {
      const tokens = await continued(name, prompts, { ...settings, eos_token_id }, batch);
      expect({ settings, eos_token_id, tokens }).toEqual({ settings, eos_token_id, tokens: new_tokens });
    }
  });
});
