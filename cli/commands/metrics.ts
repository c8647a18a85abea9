/** `habsburg metrics`: every metric with its variant, version and settings. */
import type { Command } from 'commander';
import { metrics as registry } from '../../metrics/index.js';
import type { CommandModule } from '../main.js';
import { table, wantsColor } from '../table.js';

export const metrics: CommandModule = {
  register(program: Command): void {
    program
      .command('metrics')
      .description('List the metrics, with variant, version and settings.')
      .option('--json', 'machine-readable output')
      .action((options: { json?: boolean }) => {
        const rows = registry.map(({ name, variant, version, summary, higherIsBetter, needs, defaults, subject }) => ({
          name,
          variant,
          version,
          subject,
          ...(higherIsBetter === undefined ? {} : { higherIsBetter }),
          needs,
          settings: defaults,
          summary,
        }));
        if (options.json) {
          process.stdout.write(`${JSON.stringify({ schemaVersion: 1, metrics: rows })}\n`);
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
          `${table(['metric', 'variant', 'version', 'settings', 'what it is'], cells, { color: wantsColor() })}\n`,
        );
      });
  },
};
