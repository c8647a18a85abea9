/** Writing with a watermark: what it does to scores, and that the metric finds it, under its own key alone. */
import { expect, test } from '@jest/globals';
import { greenAfter } from '../../../common/green-list.js';
import { loadCheckpoint } from '../../../engine/checkpoint/huggingface.js';
import type { Decoding } from '../../../engine/generate/decoding.js';
import { processorsOf, warpersOf } from '../../../engine/generate/warpers/index.js';
import { watermark as metric } from '../../../evaluations/watermark.js';
import { decoding, generate } from '../../support/generation.js';
import { textsFrom } from '../../evaluations/support.js';

const mark = { bias: 2, fraction: 0.25, key: 11 };
const context = { endTokens: [], minTokensToKeep: 1 };
const history = { tokens: Int32Array.of(4, 7, 0), length: 2, promptLength: 1 };

test('green tokens of the last one get the bias, behind everything else', () => {
  const logits = Float32Array.from({ length: 200 }, (_, id) => Math.sin(id));
  const green = greenAfter(mark, 7, 200);
  const marked = logits.slice();
  for (const process of processorsOf(decoding({ watermark: mark }), context)) process(marked, history);
  expect(marked).toEqual(logits.map((score, id) => score + (green[id] === 1 ? 2 : 0)));

  // what a warper took away stays away
  const settings = { topK: 20, temperature: 0.5 };
  const [plain, warped] = [logits.slice(), logits.slice()];
  for (const warp of warpersOf(decoding(settings), context)) warp(plain, history);
  for (const warp of warpersOf(decoding({ ...settings, watermark: mark }), context)) warp(warped, history);
  expect(warped).toEqual(plain.map((score, id) => score + (green[id] === 1 ? 2 : 0)));
  expect(warped.filter((score) => score > -Infinity)).toHaveLength(20);
});

test.each<Decoding['strategy']>(['greedy', 'sample', 'beam'])(
  '%s: the metric finds it, under its key alone',
  async (strategy) => {
    const model = await loadCheckpoint('test/golden/lm/opt-pre-ln');
    const prompts = Array.from({ length: 16 }, (_, i) => [3 + i, 40 + i, 100 + 2 * i]);
    const settings = { strategy, maxNewTokens: 40, minNewTokens: 40, batch: 16, ...(strategy === 'beam' && { beams: 2 }) };
    const z = (tokens: number[][], key: number) =>
      metric.compute(
        {
          records: {
            generated: textsFrom(
              tokens,
              tokens.map(() => ''),
            ),
          },
          tables: {},
        },
        { fraction: 0.25, key },
      )[0].value;
    const marked = await generate(model, prompts, { ...settings, watermark: mark });
    expect(z(marked, mark.key)).toBeGreaterThan(8);
    expect(Math.abs(z(marked, 12))).toBeLessThan(4);
    expect(Math.abs(z(await generate(model, prompts, settings), mark.key))).toBeLessThan(4);
  },
);
