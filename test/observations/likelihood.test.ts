/** Likelihoods by both engines: through a window as transformers has it, behind a prefix, of answers alone. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { readTable } from '../../data/table.js';
import { observe as byReference } from '../../engines/reference/observe.js';
import likelihood from '../../observations/likelihood.js';
import { RECORDS_FILE, writeRecords, type DataRecord } from '../../pool/records.js';
import { relativeError } from '../support/numbers.js';

interface Case {
  readonly window: number;
  readonly stride: number;
  readonly nll: number[];
  readonly count: number[];
}
const { models } = JSON.parse(readFileSync('test/golden/windows.json', 'utf8')) as {
  models: Record<string, { text: number[]; block: number; cases: Case[] }>;
};
const root = mkdtempSync(join(tmpdir(), 'habsburg-likelihood-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let made = 0;

const cut = (text: readonly number[], block: number): number[][] =>
  Array.from({ length: Math.ceil(text.length / block) }, (_, i) => text.slice(i * block, (i + 1) * block));

/** @param prompts how many of a record's tokens are its prompt's; none: running text */
async function dataOf(rows: readonly (readonly number[])[], prompts?: readonly number[]): Promise<string> {
  const data = join(root, String(made++));
  mkdirSync(data);
  await writeRecords(
    join(data, RECORDS_FILE),
    rows.map((tokens, i): DataRecord => ({
      id: `r/${i}`,
      tokens: [...tokens],
      text: '',
      origin: { kind: 'real', source: 's' },
      ...(prompts && { prompt: { tokens: prompts[i], text: '' } }),
    })),
  );
  return data;
}

type Columns = Readonly<Record<string, ArrayLike<number>>>;
const engines: Record<string, (model: string, data: string, settings: Record<string, unknown>) => Promise<Columns>> = {
  'onnx-node': async (model, data, settings) => (await likelihood.run({ data, model, settings }, { threads: 1 })).columns,
  async reference(model, data, settings) {
    const out = join(root, String(made++));
    mkdirSync(out);
    await byReference({ op: 'observe', observation: 'likelihood', model, data, settings, out });
    return (await readTable(out)).columns;
  },
};

describe.each(Object.keys(engines))('%s', (engine) => {
  const observed = engines[engine];

  test.each(Object.keys(models))('%s: through windows, as transformers', async (name) => {
    const { text, block, cases } = models[name];
    const data = await dataOf(cut(text, block));
    for (const { window, stride, nll, count } of cases) {
      const found = await observed(`test/golden/lm/${name}`, data, { window, stride });
      expect([window, stride, Array.from(found.token_count)]).toEqual([window, stride, count]);
      expect(relativeError(found.nll_sum, nll)).toBeLessThan(1e-6);
    }
  });

  test('a window is no longer than the model reads, and moves by half of itself', async () => {
    const { text, block, cases } = models.gpt2;
    const [model, data] = ['test/golden/lm/gpt2', await dataOf(cut(text, block))];
    const widest = cases.find(({ window }) => window === 128)!;
    expect(relativeError((await observed(model, data, { window: 100_000 })).nll_sum, widest.nll)).toBeLessThan(1e-6);
    await expect(observed(model, data, { window: 4000, stride: 129 })).rejects.toThrow(
      'a window of 128 tokens cannot move by 129, which would leave tokens out; give a stride of at most 128, as many as the model reads',
    );
  });

  test('a window over everything: what records are cut into makes no difference but to the first tokens', async () => {
    const text = models.gpt2.text.slice(0, 100);
    const model = 'test/golden/lm/gpt2';
    const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);
    const whole = await observed(model, await dataOf([text]), {});
    const pieces = await observed(model, await dataOf(cut(text, 13)), { window: 100, stride: 50 });
    expect([sum(pieces.token_count), sum(whole.token_count)]).toEqual([99, 99]);
    expect(sum(pieces.nll_sum) / sum(whole.nll_sum)).toBeCloseTo(1, 6);
  });

  test('behind a prefix, and of answers: differences of what is counted, whatever lies before', async () => {
    const model = 'test/golden/lm/gpt2';
    const rows = cut(models.gpt2.text, 30);
    const running = await dataOf(rows);
    const [all, first, rest] = [
      await observed(model, running, {}),
      await observed(model, await dataOf(rows.map((row) => row.slice(0, 12))), {}),
      await observed(model, running, { prefix: 12 }),
    ];
    expect(Array.from(rest.token_count)).toEqual(rows.map(({ length }) => length - 12));
    Array.from(rest.nll_sum).forEach((nll, i) => expect(nll / (all.nll_sum[i] - first.nll_sum[i])).toBeCloseTo(1, 5));

    // a prompt of 12 tokens is the same prefix; in a window it is its own record's context, and none of another's
    const prompted = await dataOf(rows, rows.map(() => 12)); // prettier-ignore
    for (const settings of [{ lossOn: 'answer' }, { lossOn: 'answer', window: 100 }]) {
      const answers = await observed(model, prompted, settings);
      expect(Array.from(answers.token_count)).toEqual(Array.from(rest.token_count));
      expect(relativeError(answers.nll_sum, Array.from(rest.nll_sum))).toBeLessThan(1e-6);
    }
  });
});
