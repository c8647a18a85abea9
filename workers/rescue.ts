/**
 * Experiments of an embedded server that were left under other workflow code. Nobody serves that code any more: the workers of a home
 * are of one build. Where the present code would have done the same so far, which a replay of the history tells, the workflow goes on;
 * else the experiment is started again from where its present execution began. Its steps are remembered, so that costs seconds.
 */
import { Client } from '@temporalio/client';
import type { WorkflowExecutionInfo, WorkflowHandle } from '@temporalio/client';
import { WorkflowIdConflictPolicy, defaultPayloadConverter } from '@temporalio/common';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import type { NativeConnection, WorkflowBundle } from '@temporalio/worker';
import { isHabsburgError } from '../common/errors.js';
import {
  QUEUES,
  SEARCH_ATTRIBUTES,
  extendUpdate,
  fairness,
  pauseUpdate,
  resumeUpdate,
  scoreWorkflowId,
  setGenerationsSignal,
  setPausedSignal,
} from '../workflows/contract.js';
import type { ExperimentInput, RunAsked, RunInput } from '../workflows/contract.js';
import { sealedPayloads } from './sealed-payloads.js';
import { isLastGeneration } from '../workflows/run-state.js';

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;

export interface RescueOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly secret: Uint8Array;
  readonly bundle: WorkflowBundle;
}

/**
 * Brings what has not ended to where the bundle's code can go on with it. Nobody may serve the workflow queue meanwhile. Killed at any
 * moment and called again, it comes to the same.
 * @returns names of the experiments, and workflow ids of scorings, that were started again
 */
export async function rescue({ connection, namespace, secret, bundle }: RescueOptions): Promise<string[]> {
  const client = new Client({ connection, namespace, dataConverter: sealedPayloads(secret, 'show') });
  const read = reader(client, secret);
  const open: WorkflowExecutionInfo[] = [];
  for await (const workflow of client.workflow.list({ query: OPEN })) open.push(workflow);
  const foreign = new Set(await failingReplay(client, { secret, bundle }));
  const restarted: string[] = [];
  for (const root of new Set(open.filter(({ runId }) => foreign.has(runId)).map(rootOf))) {
    const family = open.filter((workflow) => rootOf(workflow) === root && workflow.workflowId !== root);
    const runs = family.filter(({ type }) => type === 'run');
    const end = ({ workflowId, runId }: WorkflowExecutionInfo) =>
      client.workflow
        .getHandle(workflowId, runId)
        .terminate(REASON)
        .catch(() => undefined); // gone with its parent
    // those that cannot go on are ended last: killed before that, the next start finds them, and does all of it again
    for (const workflow of family.filter(({ runId }) => !foreign.has(runId))) await end(workflow);
    if (open.some(({ workflowId }) => workflowId === root)) {
      try {
        await startAgain(client, client.workflow.getHandle(root), read, runs);
      } catch (error) {
        if (isHabsburgError(error)) continue; // nobody with the secret began it
        throw error;
      }
      restarted.push(root);
    }
    for (const workflow of family.filter(({ runId }) => foreign.has(runId))) await end(workflow);
  }
  return restarted;
}

const OPEN = 'ExecutionStatus = "Running" AND WorkflowType IN ("experiment", "run", "evaluate", "score")';
const REASON = 'its history was written by other workflow code; it is started again';

/** Of an experiment, its name; a scoring stands by itself. */
function rootOf({ workflowId }: Pick<WorkflowExecutionInfo, 'workflowId'>): string {
  const [name] = workflowId.split('/', 1);
  return workflowId === scoreWorkflowId(name) ? workflowId : name;
}

/** Run ids of open workflows whose history the code would not have written, or fails on. */
async function failingReplay(client: Client, { secret, bundle }: Pick<RescueOptions, 'secret' | 'bundle'>): Promise<string[]> {
  // a replay has a namespace of its own, so a payload's owner is not asked for here
  const [codec] = sealedPayloads(secret, 'mark').payloadCodecs!;
  const anyones: PayloadCodec = {
    encode: async (payloads) => payloads,
    decode: (payloads) => codec.decode(payloads, undefined as never),
  };
  const results = Worker.runReplayHistories(
    { workflowBundle: bundle, dataConverter: { payloadCodecs: [anyones] } },
    client.workflow.list({ query: OPEN }).intoHistories({ concurrency: 4 }),
  );
  const failing: string[] = [];
  for await (const { runId, error } of results) if (error) failing.push(runId);
  return failing;
}

/** The same workflow from the input of its present execution, with what operators have asked of it since, in its place. */
async function startAgain(
  client: Client,
  handle: WorkflowHandle,
  read: Reader,
  runs: readonly WorkflowExecutionInfo[],
): Promise<void> {
  const { workflowId } = handle;
  const [experiment] = workflowId.split('/', 1);
  const [history, { memo, type, staticSummary }] = [await handle.fetchHistory(), await handle.describe()];
  const [input] = await read(workflowId, startedWith(history));
  const args =
    type === 'experiment' ? [await asAsked(client, read, { workflowId, history }, input as ExperimentInput, runs)] : [input];
  await client.workflow.start(type, {
    workflowId,
    taskQueue: QUEUES.workflow,
    args,
    memo,
    staticSummary: await staticSummary(),
    typedSearchAttributes: [{ key: SEARCH_ATTRIBUTES.experiment, value: experiment }],
    priority: fairness(experiment),
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.TERMINATE_EXISTING,
  });
}

const startedWith = ({ events }: History): readonly Payload[] =>
  events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];

/** Values of a workflow's payloads. @throws HabsburgError where they were not sealed for it with the secret of the home */
type Reader = (workflowId: string, payloads: readonly Payload[]) => Promise<unknown[]>;

function reader({ options: { namespace } }: Client, secret: Uint8Array): Reader {
  const [codec] = sealedPayloads(secret, 'refuse').payloadCodecs!;
  return async (workflowId, payloads) => {
    const opened = await codec.decode([...payloads], { type: 'workflow', namespace, workflowId });
    return opened.map((payload) => defaultPayloadConverter.fromPayload(payload));
  };
}

/**
 * An experiment's input, with the last generation that it was extended to and whether it is paused, and the same of runs of which it was
 * asked alone. Runs that were under way when the present execution began are ended with it, and go once more.
 */
async function asAsked(
  client: Client,
  read: Reader,
  own: { readonly workflowId: string; readonly history: History },
  input: ExperimentInput,
  runs: readonly WorkflowExecutionInfo[],
): Promise<ExperimentInput> {
  const {
    again,
    going = [],
    ...carried
  } = input.carried ?? { ...FROM_THE_START, generations: input.plan.generations, paused: false };
  const all = await asked(read, own, carried);
  const alone: RunAsked[] = [];
  for (const { workflowId, runId } of runs) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const [run] = (await read(workflowId, startedWith(history)).catch(() => [])) as [RunInput?];
    if (!run?.startedBy) continue; // somebody else's
    const begun = { paused: run.paused ?? false, generations: run.carried?.generations ?? run.plan.generations };
    const { paused, generations } = await asked(read, { workflowId, history }, begun);
    const more = { ...(paused === all.paused ? {} : { paused }), ...(generations > all.generations ? { generations } : {}) };
    if (Object.keys(more).length > 0) alone.push({ index: run.startedBy.index, ...more });
  }
  const ended = going.map(({ index }) => index);
  const told = { again: [...again, ...ended], ...all, ...(alone.length > 0 ? { asked: alone } : {}) };
  return { ...input, carried: { ...carried, ...told } };
}

interface Asked {
  readonly paused: boolean;
  readonly generations: number;
}

/** What a workflow has been asked, by operators and by its experiment, since its present execution began with `begun`. */
async function asked(
  read: Reader,
  { workflowId, history }: { readonly workflowId: string; readonly history: History },
  begun: Asked,
): Promise<Asked> {
  let { paused, generations } = begun;
  for (const event of history.events ?? []) {
    const update = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
    const signal = event.workflowExecutionSignaledEventAttributes;
    const first = async () => {
      const payloads = (update?.args ?? signal?.input)?.payloads ?? [];
      const [value] = await read(workflowId, payloads).catch((): unknown[] => []); // a signal of somebody else
      return value;
    };
    const name = update?.name ?? signal?.signalName;
    if (name === pauseUpdate.name) paused = true;
    if (name === resumeUpdate.name) paused = false;
    if (name === setPausedSignal.name) paused = (await first()) === true;
    if (name !== extendUpdate.name && name !== setGenerationsSignal.name) continue;
    const value = await first();
    if (isLastGeneration(value)) generations = Math.max(generations, value);
  }
  return { paused, generations };
}

const FROM_THE_START: Omit<NonNullable<ExperimentInput['carried']>, 'generations' | 'paused'> = {
  next: 0,
  again: [],
  failed: [],
  incomplete: [],
  failures: [],
  problems: [],
  steps: { computed: 0, reused: 0 },
};
