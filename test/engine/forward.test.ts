/** Logits of whole sequences against transformers 5.17 (test/golden/lm). */
import { describe, expect, test } from '@jest/globals';
import { loadCheckpoint } from '../../engine/checkpoint/huggingface.js';
import { readSafetensors } from '../../engine/checkpoint/safetensors.js';
import { goldenBatch, logitsError, logitsOf, OPT_MODELS, OTHER_MODELS, readGolden } from '../support/golden.js';

describe.each([...OPT_MODELS, ...OTHER_MODELS])('%s', (name) => {
  const dir = `test/golden/lm/${name}`;

  test('logits equal the reference within 1e-5', async () => {
    const model = await loadCheckpoint(dir);
    const [golden] = (await readGolden(dir)).batches;
    const logits = await logitsOf(model, goldenBatch(golden));
    const expected = (await readSafetensors(`${dir}/logits.safetensors`)).get('logits')!;
    expect(logitsError(logits, expected.data, golden)).toBeLessThan(1e-5);
  });
});
