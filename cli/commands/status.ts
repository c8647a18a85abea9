/** status: what is running, or what one experiment is doing; watch: the same, until it ends. */
import type { Command } from 'commander';
import type { Client } from '@temporalio/client';
import { failureOf, follow } from '../experiment.js';
import { ProgressView } from '../progress.js';
import { withClient, withHome } from '../session.js';
import type { ExperimentSnapshot } from '../snapshot.js';
import { snapshot } from '../snapshot.js';
import { table } from '../table.js';
import { call } from '../temporal.js';
import { untilInterrupted } from '../interrupt.js';

interface Options {
  readonly home: string;
  readonly json?: boolean;
}

export function register(program: Command): void {
  withHome(program.command('status'))
    .description('what is running, or how far one experiment is')
    .argument('[experiment]', "an experiment's name; without it, all of them")
    .option('--json', 'print JSON')
    .action((experiment: string | undefined, options: Options) =>
      withClient(options, async (client) => {
        if (experiment === undefined) await listAll(client, options);
        else await showOne(await call(experiment, () => snapshot(client, experiment)), options);
      }),
    );
  withHome(program.command('watch'))
    .description('follow an experiment until it ends; Ctrl-C stops watching, not the experiment')
    .argument('<experiment>', "an experiment's name")
    .option('--json', 'print one JSON object a second')
    .action((experiment: string, options: Options) =>
      withClient(options, (client) =>
        untilInterrupted(async (signal) => {
          const print = (state: ExperimentSnapshot) => process.stdout.write(`${JSON.stringify(state)}\n`);
          await call(experiment, () => snapshot(client, experiment));
          const end = await follow(client, experiment, {
            signal,
            quiet: options.json,
            onSnapshot: options.json ? print : undefined,
          });
          if (options.json) print(end);
          const failure = failureOf(end);
          if (failure) throw failure;
          if (!options.json) process.stdout.write(`${experiment} is done; habsburg results ${experiment}\n`);
        }),
      ),
    );
}

async function listAll(client: Client, options: Options): Promise<void> {
  const rows: { experiment: string; status: string; started: string; ended?: string }[] = [];
  for await (const { workflowId, status, startTime, closeTime } of client.workflow.list({
    query: 'WorkflowType = "experiment"',
  })) {
    if (rows.some((row) => row.experiment === workflowId)) continue; // newest first; older executions of the same name
    rows.push({
      experiment: workflowId,
      status: status.name.toLowerCase(),
      started: startTime.toISOString(),
      ended: closeTime?.toISOString(),
    });
  }
  if (options.json) process.stdout.write(`${JSON.stringify({ experiments: rows })}\n`);
  else if (rows.length === 0) process.stdout.write('Nothing has run on this server yet; try habsburg run quickstart.\n');
  else
    process.stdout.write(
      `${table(
        ['experiment', 'status', 'started', 'ended'],
        rows.map((row) => [row.experiment, row.status, row.started, row.ended]),
      )}\n`,
    );
}

async function showOne(state: ExperimentSnapshot, options: Options): Promise<void> {
  if (options.json) {
    process.stdout.write(`${JSON.stringify(state)}\n`);
    return;
  }
  if (state.status === 'RUNNING') {
    new ProgressView(process.stdout, true).show(state);
    return;
  }
  const { result } = state;
  const outcome = result
    ? `: ${result.runs - result.failed} of ${result.runs} runs done, ${result.steps.computed} steps computed, ${result.steps.reused} reused`
    : '';
  process.stdout.write(`${state.experiment} is ${state.status.toLowerCase()}${outcome}\n`);
  for (const failure of result?.failures ?? []) process.stdout.write(`  ${failure.run}: ${failure.message}\n`);
}
