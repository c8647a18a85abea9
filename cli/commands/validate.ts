/** `habsburg validate`: what is wrong with an experiment file, by line and column, and how to put it right. */
import type { Command } from 'commander';
import { ExitCode, isHabsburgError } from '../../common/errors.js';
import { loadExperiment, problemText, type SpecProblem } from '../../spec/load.js';
import type { CommandModule } from '../main.js';
import { collect } from '../options.js';

export const validate: CommandModule = {
  register(program: Command): void {
    program
      .command('validate')
      .description('Check an experiment file; exit code 2 where something is wrong.')
      .argument('<file|preset>', 'experiment YAML, or the name of a preset')
      .option('--set <path=value>', 'change a value before checking; repeatable', collect, [])
      .option('--json', 'machine-readable output')
      .addHelpText('after', '\nExample:\n  habsburg validate my.yaml --set generations=3\n')
      .action(async (target: string, options: { set: string[]; json?: boolean }) => {
        const problems = await problemsOf(target, options.set);
        if (options.json) {
          process.stdout.write(`${JSON.stringify({ schemaVersion: 1, file: target, valid: problems.length === 0, problems })}\n`);
        } else if (problems.length === 0) {
          process.stdout.write(`${target}: valid\n`);
        } else {
          process.stdout.write(
            `${problems.map(problemText).join('\n')}\n${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}\n`,
          );
        }
        if (problems.length > 0) process.exitCode = ExitCode.invalid;
      });
  },
};

async function problemsOf(target: string, sets: readonly string[]): Promise<readonly SpecProblem[]> {
  try {
    await loadExperiment(target, { sets });
    return [];
  } catch (error) {
    if (isHabsburgError(error) && Array.isArray(error.details?.problems)) return error.details.problems as SpecProblem[];
    throw error;
  }
}
