// Writes the tables of the docs that are made from the code. Run `npm run build` first, and prettier afterwards.
import { readFileSync, writeFileSync } from 'node:fs';
import { TABLE_BEGINS, TABLE_ENDS, decodingTable } from '../dist/engine/generate/settings-table.js';
import { OPTIMIZERS_BEGIN, optimizerTable } from '../dist/engine/train/optimizers/settings-table.js';
import { GROUPS_BEGIN, groupsTable } from '../dist/report/groups.js';

const TABLES = {
  experiments: [
    [TABLE_BEGINS, decodingTable()],
    [OPTIMIZERS_BEGIN, optimizerTable()],
  ],
  metrics: [[GROUPS_BEGIN, groupsTable()]],
};

for (const [name, tables] of Object.entries(TABLES)) {
  const page = new URL(`../docs/${name}.md`, import.meta.url);
  const written = tables.reduce(
    (text, [begins, table]) => {
      const [before, rest] = text.split(begins);
      return `${before}${begins}\n\n${table}\n${rest.slice(rest.indexOf(TABLE_ENDS))}`;
    },
    readFileSync(page, 'utf8'),
  );
  writeFileSync(page, written);
}
