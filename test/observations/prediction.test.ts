/** Against float64 sums over the logits that transformers gives. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readSafetensors } from '../../engine/checkpoint/safetensors.js';
import { giniOf } from '../../evaluations/frequencies.js';
import prediction from '../../observations/prediction.js';
import { RECORDS_FILE, writeRecords } from '../../pool/records.js';
import { OTHER_MODELS, goldenRows, readGolden } from '../support/golden.js';

test.each(['opt-pre-ln', ...OTHER_MODELS])('%s', async (name) => {
  const model = `test/golden/lm/${name}`;
  const { rows } = goldenRows((await readGolden(model)).batches[0]);
  const [[, { data: logits, shape }]] = [...(await readSafetensors(`${model}/logits.safetensors`))];
  const [time, vocabulary] = shape.slice(-2);
  const data = await mkdtemp(join(tmpdir(), 'habsburg-prediction-'));
  const records = rows.map((tokens, i) => ({ id: `r/${i}`, tokens: [...tokens], text: '', origin: { kind: 'real' as const, source: 's' } })); // prettier-ignore
  await writeRecords(join(data, RECORDS_FILE), records);
  const { columns } = await prediction.run({ data, model, settings: {} }, { threads: 1 });
  await rm(data, { recursive: true });

  const expected = rows.map((row, b) => {
    let [entropy, hits, gini, certain] = [0, 0, 0, 0];
    for (let t = 0; t + 1 < row.length; t++) {
      const at = logits.slice((b * time + t) * vocabulary, (b * time + t + 1) * vocabulary);
      const most = at.reduce((a, x) => Math.max(a, x));
      const sum = at.reduce((all, x) => all + Math.exp(x - most), 0);
      entropy -= at.reduce((all, x) => all + (Math.exp(x - most) / sum) * (x - most - Math.log(sum)), 0);
      if (at[row[t + 1]] === most) hits++;
      const greatest = Array.from(at, (x) => Math.exp(x - most) / sum).sort((a, b) => b - a).slice(0, 100); // prettier-ignore
      gini += giniOf(greatest);
      if (greatest[0] > 0.999) certain++;
    }
    return { entropy, hits, gini, certain };
  });
  expect([...columns.token_count]).toEqual(rows.map((row) => row.length - 1));
  expected.forEach(({ entropy }, i) => expect(Math.abs(columns.entropy_sum[i] / entropy - 1)).toBeLessThan(1e-5));
  expected.forEach(({ gini }, i) => expect(Math.abs(columns.gini_sum[i] / gini - 1)).toBeLessThan(1e-5));
  expect([...columns.certain_count]).toEqual(expected.map(({ certain }) => certain));
  expect([...columns.hit_count]).toEqual(expected.map(({ hits }) => hits));
});
