/** cancel: ends an experiment or one of its runs, in order, or by force where it no longer answers. */
import type { Command } from 'commander';
import type { Client } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';
import { HabsburgError, isHabsburgError } from '../../common/errors.js';
import { checkSignal } from '../../workflows/contract.js';
import type { CommandModule } from '../command.js';
import { commandOf, sentenceOf } from '../ended.js';
import { untilInterrupted } from '../interrupt.js';
import { printJson } from '../output.js';
import { withHome, withSession, type Session } from '../session.js';
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
    if (options.force) return force(session, target);
    const state = await runningTarget(session, target, 'cancel');
    const again = commandOf(state.command);
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

/**
 * Ends a workflow and, for an experiment, all its runs and their evaluations: the experiment first, so that it starts no others. Of one
 * that was ended elsewhere, in Temporal's own UI, the runs go on; they are ended, too.
 */
async function force(session: Session, target: string): Promise<string> {
  const { client } = session;
  const [experiment] = target.split('/', 1);
  const state = await runningTarget(session, target, 'cancel').catch(async (error: unknown) => {
    if (isHabsburgError(error) && error.kind === 'notFound' && (await call(target, () => endBelow(client, target))) > 0)
      return undefined;
    throw error;
  });
  if (state === undefined) return `what was left of ${target} was ended by force; finished steps are kept`;
  await call(target, async () => {
    await client.workflow.getHandle(target).terminate(REASON);
    await endBelow(client, target);
    // a run that an earlier execution of the experiment started would be missed only when it is next asked whether it is there
    const over = () => undefined;
    if (target !== experiment) await client.workflow.getHandle(experiment).signal(checkSignal).catch(over);
  });
  return `${target} was ended by force; finished steps are kept, and ${commandOf(state.command)} goes on from them`;
}

const REASON = 'habsburg cancel --force';
/** The server's list lags behind a little. */
const LISTED_MS = 500;

/** Ends runs and their evaluations. @returns how many */
async function endBelow(client: Client, target: string): Promise<number> {
  const [experiment, ...run] = target.split('/');
  const own = run.length === 0 ? '' : ` AND HabsburgRun = "${run.join('/')}"`;
  const query = `HabsburgExperiment = "${experiment}"${own} AND WorkflowType IN ("run", "evaluate") AND ExecutionStatus = "Running"`;
  const ended = new Set<string>();
  for (let before = -1; before < ended.size; await sleep(LISTED_MS)) {
    before = ended.size;
    for await (const { workflowId, runId } of client.workflow.list({ query })) {
      ended.add(runId);
      await client.workflow
        .getHandle(workflowId, runId)
        .terminate(REASON)
        .catch(() => undefined); // it has just ended by itself
    }
  }
  return ended.size;
}

async function closed(client: Client, target: string, signal: AbortSignal): Promise<boolean> {
  const handle = client.workflow.getHandle(target);
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(300, undefined, { signal })) {
    const { status } = await handle.describe();
    if (status.name !== 'RUNNING') return true;
  }
  return false;
}
