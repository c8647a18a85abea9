// Writes the tables of the docs that are made from the code. Run `npm run build` first, and prettier afterwards.
import { readFileSync, writeFileSync } from 'node:fs';
import { TABLE_BEGINS, TABLE_ENDS, decodingTable } from '../dist/engine/generate/settings-table.js';

const page = new URL('../docs/experiments.md', import.meta.url);
const text = readFileSync(page, 'utf8');
const [before, rest] = text.split(TABLE_BEGINS);
const after = rest.slice(rest.indexOf(TABLE_ENDS));
writeFileSync(page, `${before}${TABLE_BEGINS}\n\n${decodingTable()}\n${after}`);
