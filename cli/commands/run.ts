/** run: starts an experiment (or follows the equal one that runs already), shows its progress, prints its results. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { Client } from '@temporalio/client';
import { availableParallelism } from 'node:os';
import { lackOf } from '../../activities/outputs.js';
import { openArtifactStore } from '../../artifacts/open.js';
import { beginStore } from '../../artifacts/store-mark.js';
import { HabsburgError, isHabsburgError } from '../../common/errors.js';
import { isWhole } from '../../documents/done.js';
import { findDev } from '../../infra/dev.js';
import { expand } from '../../spec/expand.js';
import { placementOf } from '../../spec/placement.js';
import type { ExperimentPlan } from '../../spec/plan.js';
import type { CommandModule } from '../command.js';
import { failureOf } from '../ended.js';
import { follow, startExperiment, type Started } from '../experiment.js';
import { collect, positiveInteger } from '../options.js';
import { untilInterrupted } from '../interrupt.js';
import { showOutcome } from '../outcome.js';
import { notes, printJson } from '../output.js';
import { loadAndLook } from '../preflight.js';
import { homeOf, isExternal, withHome } from '../session.js';
import type { ExperimentSnapshot } from '../snapshot.js';
import { resolveStoreUrl, STORE_OPTION } from '../store-option.js';
import { counted, shellCommand } from '../words.js';
import { withWorkers } from '../with-workers.js';
import { slotsOf, workersOn } from '../workers.js';

export interface RunOptions {
  readonly set: string[];
  readonly store?: string;
  readonly dev?: boolean;
  readonly home?: string;
  readonly slots?: string;
  readonly detach?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly eventLimit?: string;
}

/** Runs at a time on a server of the user's own where no worker has come yet. */
const WITHOUT_WORKERS = 8;

export const run: CommandModule = {
  register(program: Command): void {
    withHome(program.command('run'))
      .description('run an experiment: a YAML file, or a preset by name (habsburg presets)')
      .argument('<file|preset>', 'experiment YAML, or the name of a preset')
      .option('--set <path=value>', 'change a value; repeatable', collect, [])
      .option(...STORE_OPTION)
      .option(
        '--dev',
        'start workers for this run, and a Temporal server where TEMPORAL_ADDRESS names none; the default in that case',
      )
      .option('--slots <n>', 'steps at a time on the embedded worker; default: as many as runs go at a time, at most one a core')
      .option('--detach', 'start it and return; needs a server and workers that stay (habsburg dev, or your own)')
      .option('--json', 'print JSON; progress stays on stderr')
      .option('--quiet', 'no progress and no notes: results and errors alone')
      .addOption(new Option('--event-limit <n>', 'continue workflows as new after so many events').hideHelp())
      .addHelpText('after', '\nExample:\n  habsburg run quickstart --set seeds=1,2,3 --set generations=8')
      .action((target: string, options: RunOptions) => untilInterrupted((signal) => runExperiment(target, options, signal)));
  },
};

/** Runs an experiment file or preset to its end, and shows what came of it. */
export async function runExperiment(target: string, options: RunOptions, signal: AbortSignal): Promise<void> {
  const note = notes(options.quiet);
  const store = resolveStoreUrl(options.store);
  const { plan, document } = await loadAndLook(target, { sets: options.set, store, note });
  const external = isExternal(options);
  const embedded = options.dev || !external;
  if (options.detach) await refuseDetach(options, external);
  // workers of the user's own write a bucket, with keys of their own
  if (embedded || store.startsWith('file:')) await beginStore(store);

  if (embedded && !external && !(await findDev(homeOf(options)))) {
    const steps = await isWhole(openArtifactStore(store), plan, (_, manifest) => lackOf(manifest), signal, document).catch(
      isDamage,
    );
    if (steps !== undefined) {
      note(`${plan.name}: everything is in ${store} already; no server is needed`);
      return showOutcome(doneAlready(plan, steps), plan, { store, json: options.json, home: homeOf(options), signal });
    }
  }

  const slots = embeddedSlots(plan, options);
  /** whether what was started stops with this command */
  let ours = embedded;
  try {
    await withWorkers({ ...options, embedded: embedded && !options.detach, plan, slots, signal, note }, async (workers) => {
      const { client, dev } = workers;
      ours = dev?.owned ?? false;
      const concurrency = plan.execution.concurrency ?? (await freeSlots(client, plan, ours ? slots : 0));
      const started = await startExperiment(
        client,
        {
          plan: { ...plan, execution: { ...plan.execution, concurrency } },
          document,
          store,
          eventLimit: positiveInteger('--event-limit', options.eventLimit),
        },
        commandWords(target, options),
      );
      note(startLine(plan, started, concurrency, store));
      if (options.detach) {
        if (options.json) printJson('run', { experiment: plan.name, status: 'running', store });
        else if (!options.quiet) process.stdout.write(`${plan.name} is running; habsburg watch ${plan.name}\n`);
        return;
      }
      const end = await workers.unlessFailed(follow(client, plan.name, { signal, quiet: options.quiet }));
      const failure = failureOf(end);
      try {
        await showOutcome(end, plan, { store, json: options.json, ui: dev?.uiUrl, home: homeOf(options), failure, signal });
      } catch (error) {
        if (!failure || signal.aborted) throw error; // else the failure is why there is nothing to show
      }
      if (failure) throw failure;
    });
  } catch (error) {
    if (signal.aborted)
      note(
        ours
          ? `\nStopped. Finished steps and checkpoints are kept: the same command goes on from here.`
          : `\nNo longer watching; ${plan.name} goes on. habsburg watch ${plan.name}, habsburg cancel ${plan.name}`,
      );
    throw error;
  }
}

/** What is damaged is seen to by the steps, which make it anew. */
function isDamage(error: unknown): undefined {
  if (!isHabsburgError(error) || error.kind !== 'verification') throw error;
}

/** How an experiment ends that computes nothing. */
function doneAlready(plan: ExperimentPlan, reused: number): ExperimentSnapshot {
  const now = new Date().toISOString();
  const { name, generations } = plan;
  const runs = expand(plan).length;
  const none = { failed: 0, failures: [], incomplete: 0, problems: [] };
  const result = { status: 'done', runs, ...none, steps: { computed: 0, reused }, generations } as const;
  return { experiment: name, status: 'done', startedAt: now, endedAt: now, steps: [], runs: [], result };
}

/** What an experiment needs after this command has returned must be there already. */
async function refuseDetach(options: RunOptions, external: boolean): Promise<void> {
  if (options.dev)
    throw new HabsburgError(
      'invalid',
      '--dev starts workers for the length of the run, and --detach does not wait for it; leave one of them out',
    );
  if (external) return;
  const standing = await findDev(homeOf(options));
  if (standing?.standing) return;
  const dev = shellCommand(['habsburg', 'dev', ...(options.home === undefined ? [] : ['--home', options.home])]);
  throw new HabsburgError(
    'invalid',
    standing
      ? `--detach needs a server that stays, but the one of ${homeOf(options)} stops with the command that started it (process ${standing.pid}); use ${dev} in a terminal of its own, or set TEMPORAL_ADDRESS`
      : `--detach needs a server and workers that stay; start them with ${dev} in another terminal (or nohup ${dev} &), or set TEMPORAL_ADDRESS; nothing was started`,
  );
}

/** Steps at a time on a worker of ours. */
function embeddedSlots(plan: ExperimentPlan, options: RunOptions): number {
  return (
    positiveInteger('--slots', options.slots) ??
    Math.min(availableParallelism(), plan.execution.concurrency ?? expand(plan).length)
  );
}

/** Steps that can go on at a time where they are computed. */
async function freeSlots(client: Client, plan: ExperimentPlan, ours: number): Promise<number> {
  const workers = await workersOn(client, placementOf(plan.execution).queue, 'activity').catch(() => []);
  return Math.max(ours, slotsOf(workers)) || WITHOUT_WORKERS;
}

function startLine(plan: ExperimentPlan, { fresh, generations }: Started, concurrency: number, store: string): string {
  if (!fresh)
    return `${plan.name}: goes on where it was${generations === undefined ? '' : `, to generation ${generations} as it was extended`}; artifacts are in ${store}`;
  const runs = expand(plan).length;
  const atATime =
    runs <= concurrency
      ? runs === 1
        ? '1 run'
        : `all ${runs} runs at once`
      : `${counted(runs, 'run')}, ${concurrency} at a time`;
  return `${plan.name}: started, ${atATime}; artifacts go to ${store}`;
}

/** The words after `habsburg` that do this again. */
function commandWords(target: string, { set, store, home }: RunOptions): string[] {
  return [
    ...['run', target],
    ...set.flatMap((text) => ['--set', text]),
    ...(store === undefined ? [] : ['--store', store]),
    ...(home === undefined ? [] : ['--home', home]),
  ];
}
