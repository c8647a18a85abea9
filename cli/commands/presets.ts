/** `habsburg presets`: the experiments that come with Habsburg; with a name, that experiment's file, ready to be edited. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { HabsburgError } from '../../common/errors.js';
import { loadExperiment } from '../../spec/load.js';
import { presetFile, presetNames } from '../../spec/presets.js';
import { nearest } from '../../spec/suggest.js';
import type { CommandModule } from '../command.js';
import { printJson } from '../output.js';
import { table, wantsColor } from '../table.js';

export const presets: CommandModule = {
  register(program: Command): void {
    program
      .command('presets')
      .description('list the experiments that come along, or print one of them')
      .argument('[name]', 'print this preset’s YAML')
      .option('--json', 'print JSON')
      .addHelpText('after', '\nExample:\n  habsburg presets nature-small > mine.yaml\n')
      .action(async (name: string | undefined, options: { json?: boolean }) => {
        if (name !== undefined) return print(name, options.json ?? false);
        const plans = await Promise.all(presetNames().map(async (preset) => loadExperiment(preset)));
        const rows = plans.map(({ plan, preset }) => ({
          name: preset!,
          title: plan.title ?? '',
          conditions: plan.conditions.map((c) => c.name),
          seeds: plan.seeds.length,
          generations: plan.generations,
        }));
        if (options.json) printJson('presets', { presets: rows });
        else
          process.stdout.write(
            `${table(
              ['preset', 'conditions', 'seeds', 'generations', 'title'],
              rows.map((r) => [r.name, r.conditions.join(', '), r.seeds, r.generations, r.title]),
              { color: wantsColor() },
            )}\n`,
          );
      });
  },
};

async function print(name: string, json: boolean): Promise<void> {
  const file = presetFile(name);
  if (file === undefined) {
    const guess = nearest(name, presetNames());
    throw new HabsburgError(
      'notFound',
      `there is no preset "${name}"; ${guess === undefined ? `presets: ${presetNames().join(', ')}` : `did you mean "${guess}"?`}`,
    );
  }
  const text = await readFile(file, 'utf8');
  if (!json) {
    process.stdout.write(text);
    return;
  }
  const { plan } = await loadExperiment(name);
  printJson('preset', { name, file, yaml: text, plan });
}
