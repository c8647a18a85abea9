/** The optimisers' settings as the table of docs/experiments.md, which `node scripts/tables.mjs` writes there. */
import { OPTIMIZER_NAMES, settingsOf } from './index.js';

/** Where the table stands in the page. */
export const OPTIMIZERS_BEGIN = '<!-- optimisers: node scripts/tables.mjs -->';

/** Markdown, a row for a setting of an optimiser. */
export function optimizerTable(): string {
  const rows = OPTIMIZER_NAMES.flatMap((name) =>
    settingsOf(name).map(([setting, row]) => `| \`${name}\` | \`${setting}\` | ${JSON.stringify(row.default)} | ${row.help} |`),
  );
  return `| \`optimizer\` | setting | default | |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}
