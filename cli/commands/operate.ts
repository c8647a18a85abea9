/** pause, resume, extend: what an operator may ask of a running experiment, or of one of its runs. */
import type { Command } from 'commander';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { HabsburgError } from '../../common/errors.js';
import { extendUpdate, pauseUpdate, resumeUpdate } from '../../workflows/contract.js';
import type { CommandModule } from '../command.js';
import { commandOf } from '../ended.js';
import { printJson } from '../output.js';
import { withHome, withSession } from '../session.js';
import { TARGET, neverRan, runningTarget, type TargetOptions } from '../target.js';
import { call } from '../temporal.js';
import { troubleOf } from '../trouble.js';

export const operate: CommandModule = {
  register(program: Command): void {
    update(program, 'pause')
      .description('stop before the next step; the step under way goes on')
      .action((target: string, options: TargetOptions) =>
        ask(target, options, 'pause', {
          update: (handle) => handle.executeUpdate(pauseUpdate),
          now: `${target} is paused; habsburg resume ${target} goes on`,
          later: (run) => `${target} is paused, and stays so when ${run} brings it up again; habsburg resume ${target} goes on`,
        }),
      );
    update(program, 'resume')
      .description('go on after a pause')
      .action((target: string, options: TargetOptions) =>
        ask(target, options, 'resume', {
          update: (handle) => handle.executeUpdate(resumeUpdate),
          now: `${target} goes on`,
          later: (run) => `${target} is no longer paused; ${run} goes on with it`,
        }),
      );
    update(program, 'extend')
      .description('raise the last generation of an experiment that has not ended')
      .requiredOption('--generations <n>', 'the new last generation')
      .action((target: string, options: TargetOptions & { generations: string }) => {
        const generations = Number(options.generations);
        if (!/^\d+$/.test(options.generations.trim()) || !Number.isSafeInteger(generations))
          throw new HabsburgError('invalid', `--generations ${options.generations}: give a whole number`);
        return ask(target, options, 'extend', {
          update: (handle) => handle.executeUpdate(extendUpdate, { args: [generations] }),
          now: `${target} now goes to generation ${generations}`,
          later: (run) => `${target} now goes to generation ${generations}; ${run} goes on with it`,
          ended: ['--set', `generations=${generations}`],
        });
      });
  },
};

function update(program: Command, name: string): Command {
  return withHome(program.command(name))
    .argument('<target>', TARGET)
    .option('--json', 'print JSON')
    .option('--quiet', 'print nothing but errors');
}

interface Request {
  update(handle: WorkflowHandle): Promise<unknown>;
  /** the sentence where workers are up */
  readonly now: string;
  /** the sentence where they are not; `run` is the command that brings them up */
  later(run: string): string;
  /** what to add to the command that started it, where it has ended already */
  readonly ended?: readonly string[];
}

async function ask(target: string, options: TargetOptions, verb: string, request: Request): Promise<void> {
  const sentence = await withSession(options, 'workflows', async (session) => {
    const { command } = await runningTarget(session, target, verb, request.ended);
    await call(target, () => answered(session.client, target, request.update(session.client.workflow.getHandle(target))));
    return session.standing ? request.now : request.later(commandOf(command));
  });
  if (sentence === undefined) throw await neverRan(target, options);
  if (options.json) printJson(verb, { target, did: verb });
  else if (!options.quiet) process.stdout.write(`${sentence}\n`);
}

const LOOK_MS = 2_000;

/** The answer to an update, or the reason why none will come: a workflow whose task fails is tried again for ever. */
async function answered<T>(client: Client, target: string, answer: Promise<T>): Promise<T> {
  const over = new AbortController();
  const watch = async (): Promise<never> => {
    for (;;) {
      await sleep(LOOK_MS, undefined, { signal: over.signal });
      const { raw } = await client.workflow.getHandle(target).describe();
      const trouble = await troubleOf(client, target, raw);
      if (trouble)
        throw new HabsburgError(
          'failed',
          `${target} does not answer, because its workflow fails: ${trouble.reason}; habsburg status ${target.split('/', 1)[0]} says what to do`,
          { details: { trouble } },
        );
    }
  };
  const watching = watch();
  watching.catch(() => undefined); // it ends with the answer
  try {
    return await Promise.race([answer, watching]);
  } finally {
    over.abort();
  }
}
