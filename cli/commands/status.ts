/** status: what there is, or what became of one experiment; watch: the same, until it ends. */
import type { Command } from 'commander';
import type { Client } from '@temporalio/client';
import { openArtifactStore } from '../../artifacts/open.js';
import { HabsburgError, isHabsburgError } from '../../common/errors.js';
import type { CommandModule } from '../command.js';
import { failureOf, sentenceOf } from '../ended.js';
import { follow } from '../experiment.js';
import { untilInterrupted } from '../interrupt.js';
import { wrapIndented } from '../lines.js';
import { markTold, printJson } from '../output.js';
import { progressLines } from '../progress.js';
import { homeOf, withHome, withSession, type Session, type SessionOptions } from '../session.js';
import type { ExperimentSnapshot, Status } from '../snapshot.js';
import { isOver, snapshot } from '../snapshot.js';
import { resolveStoreUrl, STORE_OPTION } from '../store-option.js';
import { storedSentence, storedState } from '../stored.js';
import { table } from '../table.js';
import { known, neverRan } from '../target.js';
import { call } from '../temporal.js';
import { ago } from '../words.js';

interface Options extends SessionOptions {
  readonly store?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export const status: CommandModule = {
  register(program: Command): void {
    withHome(program.command('status'))
      .description('say what has run and is running, or what became of one experiment, whether a server is up or not')
      .argument('[experiment]', "an experiment's name; without it, all of them")
      .option(...STORE_OPTION)
      .option('--json', 'print JSON')
      .action(async (experiment: string | undefined, options: Options) => {
        if (experiment === undefined) return showAll(options);
        const state = await withSession(options, 'server', async (session) => {
          const state = await known(session, experiment).catch((error: unknown) => {
            if (isHabsburgError(error) && error.kind === 'notFound') return { missing: error };
            throw error;
          });
          if ('missing' in state) return state;
          return session.standing && !isOver(state)
            ? call(experiment, () => snapshot(session.client, experiment, session))
            : state;
        });
        if (state !== undefined && !('missing' in state)) return showOne(state, options);
        const stored = await storedState(openArtifactStore(resolveStoreUrl(options.store)), experiment);
        if (stored === undefined) throw state?.missing ?? (await neverRan(experiment, options));
        if (options.json) printJson('status', stored);
        else
          process.stdout.write(`${wrapIndented(storedSentence(stored), process.stdout.columns ?? Infinity, '  ').join('\n')}\n`);
      });
    withHome(program.command('watch'))
      .description('follow an experiment until it ends; Ctrl-C stops watching, not the experiment')
      .argument('<experiment>', "an experiment's name")
      .option('--json', 'print one JSON object a second')
      .option('--quiet', 'no progress: wait, and say how it ended')
      .action((experiment: string, options: Options) => untilInterrupted((signal) => watch(experiment, options, signal)));
  },
};

async function watch(experiment: string, options: Options, signal: AbortSignal): Promise<void> {
  const print = (state: ExperimentSnapshot) => printJson('status', state);
  const end = await withSession({ ...options, signal }, 'server', async (session) => {
    const state = await known(session, experiment);
    if (isOver(state)) return state;
    if (!session.standing) throw new HabsburgError('unreachable', sentenceOf(state), { details: { status: state.status } });
    return follow(session.client, experiment, {
      signal,
      quiet: options.json || options.quiet,
      onSnapshot: options.json ? print : undefined,
    });
  });
  if (end === undefined) throw await neverRan(experiment, options);
  const failure = failureOf(end);
  if (options.json) print(end);
  if (failure) {
    if (options.json) markTold(failure);
    throw failure;
  }
  if (!options.json) process.stdout.write(`${sentenceOf(end)}; habsburg results ${experiment}\n`);
}

async function showAll(options: Options): Promise<void> {
  const rows = await withSession(options, 'server', (session) => call('the list of experiments', () => listAll(session)));
  if (options.json) printJson('status', { experiments: rows ?? [] });
  else if (!rows || rows.length === 0)
    process.stdout.write(
      `Nothing has run ${rows ? 'on this server' : `in ${homeOf(options)}`} yet; try habsburg run quickstart.\n`,
    );
  else
    process.stdout.write(
      `${table(
        ['experiment', 'status', 'started', 'ended'],
        rows.map((row) => [row.experiment, row.status, ago(new Date(row.started)), row.ended && ago(new Date(row.ended))]),
      )}\n`,
    );
}

interface Row {
  readonly experiment: string;
  readonly status: Status;
  readonly started: string;
  readonly ended?: string;
}

async function listAll({ client, standing }: Session): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const { workflowId, status, startTime, closeTime, searchAttributes } of experiments(client)) {
    if (rows.some((row) => row.experiment === workflowId)) continue; // newest first; older executions of the same name
    const phase = String(searchAttributes?.HabsburgPhase?.[0] ?? '');
    rows.push({
      experiment: workflowId,
      status: statusWord(status.name, phase, standing),
      started: startTime.toISOString(),
      ended: closeTime?.toISOString(),
    });
  }
  return rows;
}

const experiments = (client: Client) => client.workflow.list({ query: 'WorkflowType = "experiment"' });

/** From Temporal's word for a workflow and ours for its phase; what runs failed is in the phase alone. */
function statusWord(name: string, phase: string, standing: boolean): Status {
  if (name === 'RUNNING' || name === 'CONTINUED_AS_NEW') return !standing ? 'stopped' : phase === 'paused' ? 'paused' : 'running';
  if (name === 'COMPLETED') return phase === 'failed' || phase === 'partly failed' ? phase : 'done';
  return name === 'CANCELLED' || name === 'TERMINATED'
    ? (name.toLowerCase() as Status)
    : name === 'TIMED_OUT'
      ? 'timed out'
      : 'failed';
}

function showOne(state: ExperimentSnapshot, options: Options): void {
  if (options.json) return printJson('status', state);
  const width = process.stdout.columns ?? Infinity;
  const sentence = wrapIndented(sentenceOf(state), width, '  ');
  const lines =
    state.status === 'running' || state.status === 'paused'
      ? progressLines(state, { width })
      : state.status === 'stuck'
        ? [
            ...sentence,
            ...(state.trouble!.version || state.trouble!.noneCurrent
              ? []
              : wrapIndented(`  ${state.trouble!.reason}`, width, '  ')),
          ]
        : sentence;
  process.stdout.write(`${lines.join('\n')}\n`);
}
