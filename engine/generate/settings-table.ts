/** The decoding settings as the table of docs/experiments.md, which `node scripts/tables.mjs` writes there. */
import { DECODING_ROWS, STRATEGIES_WITH, STRATEGY_NAMES } from './decoding.js';
import { flagOf } from './settings.js';

/** Where the table stands in the page. */
export const TABLE_BEGINS = '<!-- decoding settings: node scripts/tables.mjs -->';
export const TABLE_ENDS = '<!-- end -->';

/** Markdown, a row a setting. */
export function decodingTable(): string {
  const rows = DECODING_ROWS.map(([name, row]) => {
    const strategies = row.only ? STRATEGIES_WITH[row.only] : STRATEGY_NAMES;
    const known = strategies.length === STRATEGY_NAMES.length ? 'every' : strategies.map((one) => `\`${one}\``).join(', ');
    return `| \`${name}\` | \`${flagOf(name, row)}\` | ${JSON.stringify(row.off)} | ${known} | ${row.help} |`;
  });
  const head = '| `decoding` | of `lm generate` | default | strategies | |\n| --- | --- | --- | --- | --- |';
  return `${head}\n${rows.join('\n')}\n`;
}
