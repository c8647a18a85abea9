import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { evaluations } from '../../evaluations/index.js';
import { defaultsOf } from '../../evaluations/types.js';
import { TABLE_BEGINS, TABLE_ENDS, decodingTable } from '../../engine/generate/settings-table.js';
import { OPTIMIZERS_BEGIN, optimizerTable } from '../../engine/train/optimizers/settings-table.js';
import { GROUPS_BEGIN, groupsTable } from '../../report/groups.js';
import { operators } from '../../operators/index.js';
import { load, problems } from './support.js';

const page = (name: string): Promise<string> => readFile(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');

test('the whole file of docs/experiments.md is valid', async () => {
  const [, yaml] = /```yaml\n(schemaVersion[^]*?)```/.exec(await page('experiments'))!;
  const { plan } = await load(yaml);
  expect(plan.conditions.map((c) => c.members[0].training.epochs)).toEqual([3, 3, 1]);
});

test('every whole file in docs/experiments.md is valid', async () => {
  const files = [...(await page('experiments')).matchAll(/```yaml\n(schemaVersion[^]*?)```/g)];
  expect(files.length).toBeGreaterThan(3);
  for (const [, yaml] of files) expect(await problems(yaml)).toEqual([]);
});

test('docs/metrics.md has every metric with its variant and defaults', async () => {
  const text = (await page('metrics')).replace('distinct-1, -2, -3', 'distinct-1, distinct-2, distinct-3');
  for (const evaluation of evaluations) {
    const { name, variant } = evaluation;
    const row = text.split('\n').find(
      (line) =>
        line.startsWith('|') &&
        line.split('|')[2].trim().startsWith(variant) &&
        line
          .split('|')[1]
          .split(',')
          .some((cell) => cell.trim() === name),
    );
    expect([name, row]).toEqual([name, expect.stringContaining(variant)]);
    for (const [key, value] of Object.entries(defaultsOf(evaluation))) expect(row).toContain(`${key}: ${value}`);
  }
});

test('docs/experiments.md has every operator with its settings and their defaults', async () => {
  const rows = (await page('experiments')).split('\n').filter((line) => line.startsWith('| `'));
  for (const { name, settings } of operators) {
    const row = rows.find((line) => line.startsWith(`| \`${name}\` `));
    expect([name, row]).toEqual([name, expect.any(String)]);
    for (const [key, field] of Object.entries(settings.shape)) {
      expect(row).toContain(`\`${key}\``);
      const value = field.safeParse(undefined).data as unknown;
      if (value === undefined) continue;
      const words = Array.isArray(value) ? value.join(', ') : String(value);
      expect(row).toContain(
        `\`${key}\` (${typeof value === 'string' && !/^[\w-]+$/.test(value) ? JSON.stringify(value) : words}`,
      );
    }
  }
});

test.each([
  ['decoding settings', 'experiments', TABLE_BEGINS, decodingTable()],
  ['optimisers', 'experiments', OPTIMIZERS_BEGIN, optimizerTable()],
  ['what metrics answer', 'metrics', GROUPS_BEGIN, groupsTable()],
])('the table of %s is fresh (node scripts/tables.mjs writes it)', async (_, of, begins, expected) => {
  const [, table] = (await page(of)).split(begins);
  const cells = (text: string) => text.trim().split('\n').map((line) => line.split('|').map((cell) => cell.trim().replace(/^-+$/, '-'))); // prettier-ignore
  expect(cells(table.slice(0, table.indexOf(TABLE_ENDS)))).toEqual(cells(expected));
});
