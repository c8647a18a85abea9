/** `habsburg metrics`: every metric with its variant, version and settings. */
import type { Command } from 'commander';
import { evaluations } from '../../evaluations/index.js';
import { defaultsOf, tableName } from '../../evaluations/types.js';
import { MEASURES } from '../../kinds/chains/measures.js';
import type { CommandModule } from '../command.js';
import { printJson } from '../output.js';
import { table, wantsColor } from '../table.js';

export const metrics: CommandModule = {
  register(program: Command): void {
    program
      .command('metrics')
      .description('list the metrics, with variant, version and settings')
      .option('--json', 'print JSON')
      .action((options: { json?: boolean }) => {
        const rows = evaluations.map((evaluation) => {
          const { name, variant, version, summary, higherIsBetter, needs, subject } = evaluation;
          return {
            name,
            variant,
            version,
            subject,
            ...(higherIsBetter === undefined ? {} : { higherIsBetter }),
            needs: { ...needs, observations: (needs.observations ?? []).map(tableName) },
            settings: defaultsOf(evaluation),
            summary,
          };
        });
        const cheap = Object.entries(MEASURES).flatMap(([family, measures]) =>
          measures.map((measure) => ({ family, ...measure })),
        );
        if (options.json) {
          printJson('metrics', { metrics: rows, ofCheapModels: cheap });
          return;
        }
        const cells = rows.map((r) => [
          r.name,
          r.variant,
          r.version,
          Object.entries(r.settings)
            .map(([k, v]) => `${k}: ${v}`)
            .join(', '),
          r.summary,
        ]);
        process.stdout.write(
          `${table(['metric', 'variant', 'version', 'settings', 'what it is'], cells, { color: wantsColor() })}\n\n` +
            `${table(
              ['family', 'metric', 'variant', 'version', 'what it is'],
              cheap.map((m) => [m.family, m.metric, m.variant, m.version, m.summary]),
              { color: wantsColor() },
            )}\n`,
        );
      });
  },
};
