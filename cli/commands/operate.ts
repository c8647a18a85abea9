/** pause, resume, extend, cancel: what an operator may ask of a running experiment, or of one of its runs. */
import type { Command } from 'commander';
import { HabsburgError } from '../../common/errors.js';
import { extendUpdate, pauseUpdate, resumeUpdate } from '../../workflows/contract.js';
import { withClient, withHome } from '../session.js';
import { call } from '../temporal.js';

interface Options {
  readonly home: string;
  readonly json?: boolean;
}

const TARGET = 'an experiment (quickstart), or one run of it (quickstart/replace/seed-1)';

function say(options: Options, target: string, did: string, sentence: string): void {
  process.stdout.write(options.json ? `${JSON.stringify({ target, did })}\n` : `${sentence}\n`);
}

export function register(program: Command): void {
  withHome(program.command('pause'))
    .description('stop before the next step; the step under way goes on')
    .argument('<target>', TARGET)
    .option('--json', 'print JSON')
    .action((target: string, options: Options) =>
      withClient(options, async (client) => {
        await call(target, () => client.workflow.getHandle(target).executeUpdate(pauseUpdate));
        say(options, target, 'pause', `${target} is paused; habsburg resume ${target} goes on`);
      }),
    );
  withHome(program.command('resume'))
    .description('go on after a pause')
    .argument('<target>', TARGET)
    .option('--json', 'print JSON')
    .action((target: string, options: Options) =>
      withClient(options, async (client) => {
        await call(target, () => client.workflow.getHandle(target).executeUpdate(resumeUpdate));
        say(options, target, 'resume', `${target} goes on`);
      }),
    );
  withHome(program.command('extend'))
    .description('raise the last generation of a running experiment (a finished one: habsburg run … --set generations=N)')
    .argument('<target>', TARGET)
    .requiredOption('--generations <n>', 'the new last generation')
    .option('--json', 'print JSON')
    .action((target: string, options: Options & { generations: string }) =>
      withClient(options, async (client) => {
        const generations = Number(options.generations);
        if (!Number.isInteger(generations))
          throw new HabsburgError('invalid', `--generations ${options.generations}: give a whole number`);
        await call(target, () => client.workflow.getHandle(target).executeUpdate(extendUpdate, { args: [generations] }));
        say(options, target, 'extend', `${target} now goes to generation ${generations}`);
      }),
    );
  withHome(program.command('cancel'))
    .description('stop now; finished steps and checkpoints are kept, habsburg run goes on from them')
    .argument('<target>', TARGET)
    .option('--json', 'print JSON')
    .action((target: string, options: Options) =>
      withClient(options, async (client) => {
        const handle = client.workflow.getHandle(target);
        await call(target, async () => {
          const { status } = await handle.describe();
          if (status.name !== 'RUNNING')
            throw new HabsburgError(
              'notFound',
              `${target} is not running (${status.name.toLowerCase()}); there is nothing to cancel`,
            );
          await handle.cancel();
        });
        say(options, target, 'cancel', `${target} is being cancelled; finished steps are kept`);
      }),
    );
}
