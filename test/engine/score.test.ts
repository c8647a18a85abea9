/** Row scores against transformers 5.17, and their independence of batching. */
import { describe, expect, test } from '@jest/globals';
import { IGNORED } from '../../common/labels.js';
import { loadCheckpoint } from '../../engine/checkpoint/huggingface.js';
import { scoreRows } from '../../engine/score.js';
import { goldenRows, readGolden } from '../support/golden.js';

const DIR = 'test/golden/lm/opt-pre-ln';

describe('scoreRows', () => {
  test.each(['opt-pre-ln', 'opt-post-ln-proj'])('%s: the sums of transformers for a row without ignored labels', async (name) => {
    const dir = `test/golden/lm/${name}`;
    const golden = await readGolden(dir);
    const { rows } = goldenRows(golden.batches[0]);
    const scores = await scoreRows({ model: await loadCheckpoint(dir), rows, threads: 2 });
    // Rows 1 and 2 predict every token; row 0 has ignored labels, which scoreRows does not know.
    for (const row of [1, 2]) {
      expect(scores[row].tokenCount).toBe(golden.batch0.token_count_per_row[row]);
      expect(Math.abs(scores[row].nllSum / golden.batch0.nll_sum_per_row[row] - 1)).toBeLessThan(1e-6);
    }
  });

  test('end tokens are summed once more: what labels that leave all else out give', async () => {
    const model = await loadCheckpoint(DIR);
    const rows = [40, 3, 1, 17].map((length, i) => Int32Array.from({ length }, (_, t) => (5 * t + i) % 8));
    const endTokens = [2, 6];
    const labels = rows.map((row) => row.map((id) => (endTokens.includes(id) ? id : IGNORED)));
    const [apart, alone] = [
      await scoreRows({ model, rows, threads: 1, endTokens }),
      await scoreRows({ model, rows, labels, threads: 1 }),
    ];
    expect(alone.reduce((sum, { tokenCount }) => sum + tokenCount, 0)).toBeGreaterThan(12);
    expect(apart.map(({ ends }) => ends)).toEqual(alone);
    expect(apart.map(({ nllSum, tokenCount }) => ({ nllSum, tokenCount }))).toEqual(await scoreRows({ model, rows, threads: 1 }));
  });

  test('ragged rows, in any company, score as alone', async () => {
    const model = await loadCheckpoint(DIR);
    const rows = [1, 2, 17, 16, 33, 5, 128].map((length, i) => Int32Array.from({ length }, (_, t) => (7 * t + 31 * i) % 336));
    const together = await scoreRows({ model, rows, threads: 2 });
    expect(together.map((s) => s.tokenCount)).toEqual([0, 1, 16, 15, 32, 4, 127]);
    expect(together[0].nllSum).toBe(0);
    for (const [i, row] of rows.entries()) {
      const [alone] = await scoreRows({ model, rows: [row], threads: 1, batch: 1 });
      expect(Math.abs(alone.nllSum - together[i].nllSum)).toBeLessThanOrEqual(1e-5 * alone.nllSum);
    }
  });

  test('weights mapped from their file score as weights that were read, to the bit', async () => {
    const { rows } = goldenRows((await readGolden(DIR)).batches[0]);
    const [read, mapped] = [await loadCheckpoint(DIR), await loadCheckpoint(DIR, { frozen: true })];
    expect([read.stored?.size, mapped.stored!.size > 0]).toEqual([undefined, true]);
    expect(await scoreRows({ model: mapped, rows, threads: 2 })).toEqual(await scoreRows({ model: read, rows, threads: 2 }));
  });

  test('a row that does not fit the model is refused by number', async () => {
    const model = await loadCheckpoint(DIR);
    const short = Int32Array.of(1, 2);
    await expect(scoreRows({ model, rows: [short, new Int32Array(129)], threads: 1 })).rejects.toThrow(/row 1 has 129 tokens/);
    await expect(scoreRows({ model, rows: [short, Int32Array.of(3, 336)], threads: 1 })).rejects.toThrow(
      /row 1 holds the token id 336/,
    );
  });
});
