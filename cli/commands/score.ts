/** score: evaluations of what an experiment has left, at any time after; what is missing is computed and nothing else. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openArtifactStore } from '../../artifacts/open.js';
import type { Digest } from '../../common/canonical.js';
import { HabsburgError, type ErrorKind, ExitCode } from '../../common/errors.js';
import { digestOfSource } from '../../data/identify.js';
import { findPlan } from '../../documents/plans.js';
import { stepMembers } from '../../spec/members.js';
import { withMetrics } from '../../spec/asked-metrics.js';
import { expand } from '../../spec/expand.js';
import type { ExperimentPlan } from '../../spec/plan.js';
import { digestIn, encodersOf, pathOfSource } from '../../spec/sources.js';
import type { ScoreExperimentInput, ScoreProgress } from '../../workflows/contract.js';
import {
  QUEUES,
  SEARCH_ATTRIBUTES,
  fairness,
  scoreProgressQuery,
  scoreSummary,
  scoreWorkflowId,
} from '../../workflows/contract.js';
import type { CommandModule } from '../command.js';
import { problemSentences } from '../ended.js';
import { untilInterrupted } from '../interrupt.js';
import { positiveInteger } from '../options.js';
import { envelopeOfError, markTold, notes, printJson } from '../output.js';
import { isExternal, withHome } from '../session.js';
import { PLAN_HELP, STORE_OPTION, resolveStoreUrl } from '../store-option.js';
import { call } from '../temporal.js';
import { withWorkers } from '../with-workers.js';
import { counted, list } from '../words.js';

interface Options {
  readonly metrics?: string;
  readonly encoder?: string;
  readonly plan?: string;
  readonly store?: string;
  readonly home?: string;
  readonly slots?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export const score: CommandModule = {
  register(program) {
    withHome(program.command('score'))
      .description('evaluate what an experiment has left: more metrics on an old run, or again what could not be computed')
      .argument('<experiment>', 'name of the experiment')
      .option('--metrics <list>', 'metrics to add to those that it has: NAME, or {name: …, settings: {…}}, with commas between')
      .option('--encoder <source>', 'sentence encoder of added metrics of meaning: file:FOLDER or hf://OWNER/NAME@REVISION')
      .option('--plan <digest>', PLAN_HELP)
      .option(...STORE_OPTION)
      .option('--slots <n>', 'steps at a time on the embedded worker; default: one a core')
      .option('--json', 'print JSON; progress stays on stderr')
      .option('--quiet', 'no progress: results and errors alone')
      .addHelpText('after', '\nExample:\n  habsburg score quickstart --metrics rep,distinct-blocks')
      .action((experiment: string, options: Options) => untilInterrupted((signal) => execute(experiment, options, signal)));
  },
};

async function execute(experiment: string, options: Options, signal: AbortSignal): Promise<void> {
  const note = notes(options.quiet);
  const store = resolveStoreUrl(options.store);
  const found = await findPlan(openArtifactStore(store), experiment, { digest: options.plan });
  const { plan: known, digest } = found;
  if (stepMembers(known).length === 0)
    throw new HabsburgError(
      'invalid',
      `what is measured of ${experiment} is computed with its chains, and all of it is there: habsburg results ${experiment}`,
    );
  const plan = await withEncoders(known, options);
  const { metrics } = plan;
  const slots = positiveInteger('--slots', options.slots) ?? availableParallelism();
  const progress = await withWorkers(
    { ...options, embedded: !isExternal(options), plan, slots, signal, note },
    async (workers) => {
      const handle = await start(workers.client, { plan, digest, store });
      return workers.unlessFailed(follow(handle, plan, note, signal));
    },
  );
  const { observations, evaluations, generations, problems } = progress;
  const head = { experiment, store, plan: digest, metrics, generations, observations, evaluations, problems };
  const failure = failureOf(progress);
  if (options.json) {
    printJson('score', { ...head, ...(failure ? envelopeOfError(failure) : {}) });
    if (failure) markTold(failure);
  } else if (!options.quiet) process.stdout.write(`${words(experiment, progress)}\n`);
  if (failure) throw failure;
}

/** The plan with the metrics that are asked for, and what the encoders hold that lie here. */
async function withEncoders(known: ExperimentPlan, { metrics: asked, encoder }: Options): Promise<ExperimentPlan> {
  const here = (source: string): string =>
    source.startsWith('file:') && digestIn(source) === undefined ? `file:${resolve(pathOfSource(source))}` : source;
  const given = encoder === undefined ? undefined : here(encoder);
  const added = asked === undefined ? known.metrics : withMetrics(known, asked, given);
  const metrics = added.map((metric) =>
    typeof metric.settings.encoder === 'string'
      ? { ...metric, settings: { ...metric.settings, encoder: here(metric.settings.encoder) } }
      : metric,
  );
  const local = new Set([...encodersOf(metrics), ...(given === undefined ? [] : [given])].filter((source) => source.startsWith('file:') && digestIn(source) === undefined)); // prettier-ignore
  const sources: Record<string, Digest> = { ...known.sources };
  for (const source of local) sources[source] = await digestOfSource(source, 'encoder');
  return { ...known, metrics, ...(Object.keys(sources).length > 0 && { sources }) };
}

function words(experiment: string, { generations, observations, evaluations }: ScoreProgress): string {
  const parts = [
    `${counted(evaluations.computed, 'evaluation')} computed, ${evaluations.reused.toLocaleString('en')} reused`,
    `${counted(observations.computed, 'observation')} computed, ${observations.reused.toLocaleString('en')} reused`,
  ];
  return `${experiment}: ${counted(generations, 'generation')} scored: ${parts.join('; ')}\nhabsburg results ${experiment}`;
}

function failureOf({ problems, problemCount }: ScoreProgress): HabsburgError | undefined {
  if (problemCount === 0) return undefined;
  const kind = (problems[0].kind in ExitCode ? problems[0].kind : 'failed') as ErrorKind;
  const untold = problemCount - problems.length;
  const told = problemSentences({ problems, incomplete: new Set(problems.map(({ run }) => run)).size });
  return new HabsburgError(kind, [...told, ...(untold > 0 ? [`${untold} more like these`] : [])].join('; '));
}

/** One that goes on already is asked for less or for other metrics: it is ended, and what it has computed is reused. */
async function start(client: Client, input: ScoreExperimentInput): Promise<WorkflowHandle> {
  const { name } = input.plan;
  return call(name, () =>
    client.workflow.start('score', {
      workflowId: scoreWorkflowId(name),
      workflowIdConflictPolicy: 'TERMINATE_EXISTING',
      taskQueue: QUEUES.workflow,
      args: [input],
      staticSummary: scoreSummary(input.plan),
      priority: fairness(name),
      typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.experiment, value: name }],
    }),
  );
}

const POLL_MS = 500;

async function follow(
  handle: WorkflowHandle,
  plan: ExperimentPlan,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<ScoreProgress> {
  note(
    `${plan.name}: scoring ${list(
      plan.metrics.map(({ name }) => name),
      20,
    )}`,
  );
  const all = expand(plan).reduce((sum, { generations }) => sum + generations + 1, 0);
  let told = -1;
  const ended = new AbortController();
  const watch = async () => {
    for (;;) {
      await sleep(POLL_MS, undefined, { signal: AbortSignal.any([signal, ended.signal]) });
      const progress = await handle.query(scoreProgressQuery).catch(() => undefined); // its result says what is wrong
      if (!progress || progress.generations === told) continue;
      told = progress.generations;
      note(
        `${plan.name}: ${told} of at most ${counted(all, 'generation')} scored, ${counted(progress.evaluations.computed, 'evaluation')} computed`,
      );
    }
  };
  const watching = watch();
  try {
    return await Promise.race([call(plan.name, () => handle.result() as Promise<ScoreProgress>), watching as Promise<never>]);
  } finally {
    ended.abort();
    await watching.catch(() => undefined);
  }
}
