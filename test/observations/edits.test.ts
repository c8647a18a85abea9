/** Which tokens are drawn anew, by the logits that transformers gives, and how often each stands in their place. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readSafetensors } from '../../engine/checkpoint/safetensors.js';
import edits from '../../observations/edits.js';
import { RECORDS_FILE, writeRecords } from '../../pool/records.js';
import { chiSquareUpper } from '../../statistics/distributions.js';
import { goldenRows, readGolden } from '../support/golden.js';

const model = 'test/golden/lm/opt-pre-ln';
const { rows } = goldenRows((await readGolden(model)).batches[0]);
const [[, { data: logits, shape }]] = [...(await readSafetensors(`${model}/logits.safetensors`))];
const [time, vocabulary] = shape.slice(-2);
const END = 2;
const draw = { seed: 1, generation: 2, member: 'm', from: 0 };

/** p(token | those before it) at a place of a row, float64. */
function distribution(b: number, place: number): Float64Array {
  const at = Float64Array.from(logits.slice((b * time + place - 1) * vocabulary, (b * time + place) * vocabulary));
  const most = at.reduce((a, x) => Math.max(a, x));
  const weights = at.map((x) => Math.exp(x - most));
  const sum = weights.reduce((all, x) => all + x, 0);
  return weights.map((x) => x / sum);
}

async function edited(
  given: readonly ArrayLike<number>[],
  settings: object,
  prompts: readonly number[] = [],
): Promise<number[][]> {
  const data = await mkdtemp(join(tmpdir(), 'habsburg-edits-'));
  const records = given.map((tokens, i) => ({ id: `r/${i}`, tokens: Array.from(tokens), text: '', origin: { kind: 'real' as const, source: 's' }, ...(prompts[i] && { prompt: { tokens: prompts[i], text: '' } }) })); // prettier-ignore
  await writeRecords(join(data, RECORDS_FILE), records);
  const { texts } = await edits.run({ data, model, settings: edits.settings.parse(settings) }, { threads: 1 });
  await rm(data, { recursive: true });
  return texts!.edited.map((text) => JSON.parse(text) as number[]);
}

/** The place of a row whose token is the likeliest of all. */
const places = rows.flatMap((row, b) => Array.from({ length: row.length - 1 }, (_, k) => ({ b, place: k + 1, p: distribution(b, k + 1)[row[k + 1]] }))); // prettier-ignore
const sure = places.filter(({ b, place }) => rows[b][place] !== END).sort((x, y) => y.p - x.p);

test('tokens below the threshold stay, those above are drawn by the prior, within 95 %; no end token is touched or drawn', async () => {
  const [{ b, place, p }] = sure;
  // between the surest and the next one
  const above = (p + sure[1].p) / 2;
  const n = 600;
  const drawn = await edited(Array.from({ length: n }, () => rows[b]), { above, draw }); // prettier-ignore
  for (const row of drawn) expect(row.filter((_, k) => k !== place)).toEqual(Array.from(rows[b]).filter((_, k) => k !== place));
  const exact = distribution(b, place);
  const kept = 1 - exact[END];
  expect(drawn.some((row) => row[place] === END)).toBe(false);
  // the ids that are expected five times and more, and all others together
  const common = Array.from(exact.keys()).filter((id) => id !== END && (n * exact[id]) / kept >= 5);
  const expected = common.map((id) => (n * exact[id]) / kept);
  const counts = common.map((id) => drawn.filter((row) => row[place] === id).length);
  const rest = (of: readonly number[]) => n - of.reduce((sum, x) => sum + x, 0);
  const cells = [...expected.map((e, k) => [e, counts[k]]), [rest(expected), rest(counts)]];
  const statistic = cells.reduce((sum, [e, count]) => sum + (count - e) ** 2 / e, 0);
  expect(chiSquareUpper(statistic, cells.length - 1)).toBeGreaterThan(0.05);
});

test('a template’s prompt stays and is left out; lots are of seed, generation, member, place in the list and split', async () => {
  const above = sure.at(-1)!.p / 2;
  const [one] = await edited([rows[0]], { above, draw }, [3]);
  expect(one).toHaveLength(rows[0].length - 3);
  const [whole] = await edited([rows[0]], { above, draw });
  expect(whole.slice(3)).toEqual(one);
  expect(whole[0]).toBe(rows[0][0]);
  for (const other of [{ seed: 2 }, { generation: 3 }, { member: 'n' }, { from: 1 }, { split: 'valid' }, { split: 'test' }])
    expect(await edited([rows[0]], { above, draw: { ...draw, ...other } })).not.toEqual([whole]);
  await expect(edited([rows[0]], { above })).rejects.toThrow('by which lots');
});
