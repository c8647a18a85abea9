/** cancel: ends an experiment or one of its runs, in order, or by force where it no longer answers. */
import type { Command } from 'commander';
import type { Client } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { HabsburgError } from '../../common/errors.js';
import type { CommandModule } from '../command.js';
import { commandOf, sentenceOf } from '../ended.js';
import { untilInterrupted } from '../interrupt.js';
import { printJson } from '../output.js';
import { withHome, withSession } from '../session.js';
import { TARGET, neverRan, runningTarget, type TargetOptions } from '../target.js';
import { call } from '../temporal.js';
import { shellCommand } from '../words.js';

interface Options extends TargetOptions {
  readonly force?: boolean;
}

/** Steps of a worker that was killed are given up after their heartbeat timeout; so long, and a little, an embedded server is kept up. */
const PATIENCE_MS = 60_000;

export const cancel: CommandModule = {
  register(program: Command): void {
    withHome(program.command('cancel'))
      .description('end an experiment; finished steps and checkpoints are kept, habsburg run goes on from them')
      .argument('<target>', TARGET)
      .option('--force', 'end at once what no longer answers: nothing is waited for, nothing more is recorded')
      .option('--json', 'print JSON')
      .option('--quiet', 'print nothing but errors')
      .action((target: string, options: Options) => untilInterrupted((signal) => execute(target, options, signal)));
  },
};

async function execute(target: string, options: Options, signal: AbortSignal): Promise<void> {
  const sentence = await withSession({ ...options, signal }, options.force ? 'server' : 'everything', async (session) => {
    const { client, standing } = session;
    const state = await runningTarget(session, target, 'cancel');
    const again = commandOf(state.command);
    if (options.force) {
      await call(target, () => terminate(client, target));
      return `${target} was ended by force; finished steps are kept, and ${again} goes on from them`;
    }
    if (state.trouble) throw new HabsburgError('failed', sentenceOf(state), { details: { trouble: state.trouble } });
    await call(target, () => client.workflow.getHandle(target).cancel());
    if (standing) return `${target} is being cancelled; finished steps are kept, and ${again} goes on from them`;
    if (await closed(client, target, signal))
      return `${target} is cancelled; finished steps are kept, and ${again} goes on from them`;
    throw new HabsburgError(
      'failed',
      `${target} did not end within ${PATIENCE_MS / 1000} s; ${shellCommand(['habsburg', 'cancel', '--force', target])} ends it`,
    );
  });
  if (sentence === undefined) throw await neverRan(target, options);
  if (options.json) printJson('cancel', { target, did: options.force ? 'terminate' : 'cancel' });
  else if (!options.quiet) process.stdout.write(`${sentence}\n`);
}

/** Ends a workflow and, for an experiment, all its runs and their evaluations: the experiment first, so that it starts no others. */
async function terminate(client: Client, target: string): Promise<void> {
  const reason = 'habsburg cancel --force';
  await client.workflow.getHandle(target).terminate(reason);
  const [experiment, run] = [target.split('/', 1)[0], target.split('/').slice(1).join('/')];
  const own = run === '' ? '' : ` AND HabsburgRun = "${run}"`;
  const below = `HabsburgExperiment = "${experiment}"${own} AND ExecutionStatus = "Running"`;
  for await (const { workflowId, runId } of client.workflow.list({ query: below }))
    await client.workflow
      .getHandle(workflowId, runId)
      .terminate(reason)
      .catch(() => undefined); // it has just ended by itself
}

async function closed(client: Client, target: string, signal: AbortSignal): Promise<boolean> {
  const handle = client.workflow.getHandle(target);
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(300, undefined, { signal })) {
    const { status } = await handle.describe();
    if (status.name !== 'RUNNING') return true;
  }
  return false;
}
