/** `habsburg validate`: what is wrong with an experiment file, by line and column, and how to put it right. */
import type { Command } from 'commander';
import { ExitCode, isHabsburgError } from '../../common/errors.js';
import { problemText, type SpecProblem } from '../../spec/load.js';
import type { CommandModule } from '../command.js';
import { collect } from '../options.js';
import { notes, printJson } from '../output.js';
import { loadAndLook } from '../preflight.js';
import { counted } from '../words.js';

export const validate: CommandModule = {
  register(program: Command): void {
    program
      .command('validate')
      .description('check an experiment file; exit code 2 where something is wrong')
      .argument('<file|preset>', 'experiment YAML, or the name of a preset')
      .option('--set <path=value>', 'change a value; repeatable', collect, [])
      .option('--json', 'print JSON')
      .option('--quiet', 'print nothing: the exit code says it')
      .addHelpText('after', '\nExample:\n  habsburg validate my.yaml --set generations=3\n')
      .action(async (target: string, options: { set: string[]; json?: boolean; quiet?: boolean }) => {
        const problems = await problemsOf(target, options.set, notes(options.quiet));
        if (options.json) {
          printJson('validate', { file: target, valid: problems.length === 0, problems });
        } else if (options.quiet) {
          // the exit code says it
        } else if (problems.length === 0) {
          process.stdout.write(`${target}: valid\n`);
        } else {
          process.stdout.write(`${problems.map(problemText).join('\n')}\n${counted(problems.length, 'problem')}\n`);
        }
        if (problems.length > 0) process.exitCode = ExitCode.invalid;
      });
  },
};

async function problemsOf(
  target: string,
  sets: readonly string[],
  note: (text: string) => void,
): Promise<readonly SpecProblem[]> {
  try {
    await loadAndLook(target, { sets, note });
    return [];
  } catch (error) {
    if (isHabsburgError(error) && Array.isArray(error.details?.problems)) return error.details.problems as SpecProblem[];
    throw error;
  }
}
