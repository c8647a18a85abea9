/** The workflows' public face: inputs, results, updates, queries, search attributes. Clients and workflows share this file. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { SearchAttributeType, defineSearchAttributeKey } from '@temporalio/common';
import type { Priority } from '@temporalio/common';
import type { ScoreInput } from '../activities/types.js';
import type { ArtifactRef } from '../artifacts/types.js';
import type { Digest } from '../common/canonical.js';
import { FAILURE_PREFIX } from '../common/errors.js';
import { summary } from '../common/summary.js';
import type { RunDocument } from '../spec/documents.js';
import type { HeldOut } from '../spec/mixes.js';
import type { AnyRunPlan, ExecutionPlan, ExperimentPlan } from '../spec/plan.js';

export const QUEUES = { workflow: 'habsburg-workflow', cpu: 'habsburg-cpu', gpu: 'habsburg-gpu' } as const;

/** The workers of the workflow queue are versions of this one Temporal worker deployment. */
export const WORKFLOW_DEPLOYMENT = 'habsburg-workflow';

/** Where the engines behind a task queue are asked who they are; served also while all slots of the queue are taken. */
export function enginesQueue(queue: string): string {
  return `${queue}-engines`;
}

/** Typed search attributes; `habsburg dev` registers them, on another server `habsburg run` does. */
export const SEARCH_ATTRIBUTES = {
  experiment: defineSearchAttributeKey('HabsburgExperiment', SearchAttributeType.KEYWORD),
  run: defineSearchAttributeKey('HabsburgRun', SearchAttributeType.KEYWORD),
  condition: defineSearchAttributeKey('HabsburgCondition', SearchAttributeType.KEYWORD),
  phase: defineSearchAttributeKey('HabsburgPhase', SearchAttributeType.KEYWORD),
  generation: defineSearchAttributeKey('HabsburgGeneration', SearchAttributeType.INT),
  seed: defineSearchAttributeKey('HabsburgSeed', SearchAttributeType.INT),
};

/** Workflow id of a run: `<experiment>/<condition>/seed-<n>`; an experiment's is its name. */
export function runWorkflowId(experiment: string, run: string): string {
  return `${experiment}/${run}`;
}

/** Of the evaluations of a run's generation and perhaps some after it, which follow the chain. @param run its workflow id */
export function evaluateWorkflowId(run: string, generation: number): string {
  return `${run}/evaluations/${generation}`;
}

/** Of `habsburg score`: evaluations of what an experiment has left already. */
export function scoreWorkflowId(experiment: string): string {
  return `${experiment}/score`;
}

/** What Temporal's UI shows beside an experiment: `experiment · nature-small · 2 conditions x 3 seeds`. */
export function experimentSummary({ name, conditions, seeds }: Pick<ExperimentPlan, 'name' | 'conditions' | 'seeds'>): string {
  return summary('experiment', name, `${many(conditions.length, 'condition')} x ${many(seeds.length, 'seed')}`);
}

export function scoreSummary({ name, metrics }: Pick<ExperimentPlan, 'name' | 'metrics'>): string {
  return summary('score', name, many(metrics.length, 'metric'));
}

const many = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** Experiments share the workers in turns, however many steps each has waiting. */
export function fairness(experiment: string): Priority {
  return { fairnessKey: experiment };
}

export interface ExperimentInput {
  readonly plan: ExperimentPlan;
  /** what its file said, in portable form: kept beside the plan, so that the experiment can be forked */
  readonly document?: unknown;
  /** URL of the artifact store; without credentials */
  readonly store: string;
  /** continue as new after so many events instead of when the server suggests it */
  readonly eventLimit?: number;
  /** how often runs that the present execution did not start are asked whether they are there; default: 15 minutes */
  readonly checkSeconds?: number;
  /** filled in by continue-as-new */
  readonly carried?: ExperimentCarried;
}

/** Runs are told by their index in the plan's expansion; those below `next` that are in none of the lists are done. */
export interface ExperimentCarried {
  /** the plan's digest; absent: the plan is recorded first */
  readonly digest?: Digest;
  readonly engines?: Engines;
  readonly generations: number;
  readonly paused: boolean;
  /** the first run that has never been started */
  readonly next: number;
  /** done before there were to be so many generations: to be run once more */
  readonly again: readonly number[];
  /** under way, and what each has been told; absent in what a version wrote that let its runs end first */
  readonly going?: readonly RunGoing[];
  /** what operators asked of runs that were ended when the experiment was started again: they begin with it (workers/rescue.ts) */
  readonly asked?: readonly RunAsked[];
  /** when they were last asked whether they are there, in ms since 1970 */
  readonly checked?: number;
  readonly failed: readonly number[];
  /** done, but for some of their evaluations */
  readonly incomplete: readonly number[];
  readonly failures: readonly RunFailure[];
  readonly problems: readonly RunProblem[];
  readonly steps: StepCount;
}

/** What was asked of one run alone: another last generation, to be paused or not; absent: the experiment's. */
export interface RunAsked {
  readonly index: number;
  readonly paused?: boolean;
  readonly generations?: number;
}

/** A run under way, as its experiment knows it. */
export interface RunGoing {
  readonly index: number;
  /** of this start of it alone, so that no earlier one's end is taken for its own */
  readonly turn: string;
  readonly paused: boolean;
  readonly generations: number;
}

/** Fingerprints of the engines that an experiment's steps are for, by placement (spec/placement.ts). */
export type Engines = Readonly<Record<string, string>>;

export interface StepCount {
  readonly computed: number;
  readonly reused: number;
}

export interface RunFailure {
  readonly run: string;
  /** an ErrorKind of common/errors.ts, or 'canceled' */
  readonly kind: string;
  readonly message: string;
}

/** What went wrong for good beside a chain that went on: the scores of a generation, or a document that tells of it. */
export interface RunProblem extends RunFailure {
  readonly what: 'score' | 'record';
  /** absent: of the whole run */
  readonly generation?: number;
  readonly member?: string;
  /** of several evaluations one failed, the scores of the others are there */
  readonly partly?: true;
}

export interface ExperimentResult {
  /** failed: all runs; partly failed: some, or some evaluations of runs that are done */
  readonly status: 'done' | 'partly failed' | 'failed';
  readonly runs: number;
  readonly failed: number;
  /** the first ten */
  readonly failures: readonly RunFailure[];
  /** runs that are done, but for some of their evaluations */
  readonly incomplete: number;
  /** what is missing of those: the first ten */
  readonly problems: readonly RunProblem[];
  readonly steps: StepCount;
  readonly generations: number;
}

/** Type of the failure that an experiment ends with where all its runs failed; its one detail is the ExperimentResult. */
export const ALL_RUNS_FAILED = `${FAILURE_PREFIX}experiment`;

export interface RunInput {
  readonly plan: AnyRunPlan;
  /** the digest of the experiment's plan, under which the run's documents are filed; absent: none are written */
  readonly digest?: Digest;
  readonly store: string;
  /** which engines its steps are for; absent: whichever asks for work */
  readonly engines?: Engines;
  readonly eventLimit?: number;
  readonly paused?: boolean;
  /** whom it tells of its end; absent: nobody */
  readonly startedBy?: RunStarter;
  /** filled in when it goes over everything once more: how often it has */
  readonly heals?: number;
  readonly carried?: RunCarried;
}

export interface RunStarter {
  /** workflow id of the experiment, whichever execution of it is the present one */
  readonly experiment: string;
  readonly index: number;
  readonly turn: string;
}

/** A run's last word to its experiment. */
export interface RunEnding extends Pick<RunStarter, 'index' | 'turn'> {
  readonly result?: RunResult;
  /** why there is no result */
  readonly failure?: Omit<RunFailure, 'run'>;
}

/** What a member wrote in a generation, and the model that it was then. */
export interface WrittenState {
  readonly generation: number;
  readonly set: ArtifactRef;
  readonly model: ArtifactRef;
  /** what it wrote from the prompts of other splits, where somebody's are mixed */
  readonly held?: Readonly<Partial<Record<HeldOut, ArtifactRef>>>;
}

/** What a member takes from one generation to the next: references only, so a chain of any length continues as new. */
export interface MemberState {
  readonly prepared: {
    readonly train: ArtifactRef;
    readonly valid: ArtifactRef;
    readonly test: ArtifactRef;
    /** absent where the data are images */
    readonly tokenizer?: ArtifactRef;
    readonly truth?: ArtifactRef;
    /** the base checkpoint, imported; absent for a model trained from scratch */
    readonly base?: ArtifactRef;
  };
  readonly first?: ArtifactRef;
  /** what it wrote as model 0; absent in what a version carried over that did not keep it in mind */
  readonly written0?: ArtifactRef;
  readonly model?: ArtifactRef;
  /** what model 0 wrote, before operators, where a detector learns from it */
  readonly firstWritten?: ArtifactRef;
  /** the real records of generation 0, where they are a sample; absent: all of them */
  readonly real?: ArtifactRef;
  /** what the member wrote that is still read, and its model then, oldest first; the last generation's is always there */
  readonly written?: readonly WrittenState[];
  /** by member whose generations are all read: what it wrote in all but the last, a selection */
  readonly past?: Readonly<Record<string, ArtifactRef>>;
  /** other real texts that its terms read, in its tokens, by their source */
  readonly sources?: Readonly<Record<string, ArtifactRef>>;
}

export interface RunCarried {
  readonly next: number;
  readonly generations: number;
  readonly members: Readonly<Record<string, MemberState>>;
  /** of a block of cheap chains: their state before generation `next` */
  readonly chains?: ArtifactRef;
  readonly steps: StepCount;
  /** the first ten, and how many there were */
  readonly problems: readonly Omit<RunProblem, 'run'>[];
  readonly problemCount: number;
}

export interface RunResult {
  /** the last that it reached */
  readonly generations: number;
  readonly steps: StepCount;
  /** the first ten, and how many there were */
  readonly problems: readonly Omit<RunProblem, 'run'>[];
  readonly problemCount: number;
}

/** The evaluations of one generation. */
export interface EvaluateInput {
  /** where its documents are filed; absent: none are written */
  readonly place?: Pick<RunDocument, 'experiment' | 'plan' | 'run'>;
  readonly store: string;
  readonly execution: ExecutionPlan;
  readonly subjects: readonly EvaluationSubject[];
}

/** A member's generation: what it left (spec/documents.ts `leftBy`) and what is scored of it. */
export interface EvaluationSubject {
  readonly of: Digest;
  readonly queue: string;
  readonly input: ScoreInput;
}

export interface EvaluateResult {
  /** score steps, one a member */
  readonly steps: StepCount;
  readonly observations: StepCount;
  readonly evaluations: StepCount;
  readonly problems: readonly Omit<RunProblem, 'run'>[];
  /** the artifact that a step found damaged when it read it */
  readonly damaged?: string;
}

/** Evaluations of what a plan's runs have left. */
export interface ScoreExperimentInput {
  /** with all metrics that are to be there, and the seeds and generations that it was started with */
  readonly plan: ExperimentPlan;
  readonly digest: Digest;
  readonly store: string;
  readonly eventLimit?: number;
  /** filled in by continue-as-new */
  readonly carried?: ScoreCarried;
}

export interface ScoreCarried {
  readonly engines: Engines;
  /** the run, by its index in the plan's expansion, and its generation that come next */
  readonly run: number;
  readonly generation: number;
  readonly progress: ScoreProgress;
}

/** Answer of the `progress` query of `score`, and its result. */
export interface ScoreProgress {
  /** of the plan, and those of them that have been gone through */
  readonly runs: number;
  readonly done: number;
  /** generations that have been scored, of all members */
  readonly generations: number;
  readonly observations: StepCount;
  readonly evaluations: StepCount;
  /** the first ten, and how many there were */
  readonly problems: readonly RunProblem[];
  readonly problemCount: number;
}

/** Answer of the `progress` query of a run. */
export interface RunProgress {
  readonly phase: 'starting' | 'preparing' | 'running' | 'paused' | 'scoring' | 'done';
  readonly generation: number;
  readonly generations: number;
  /** the steps under way, e.g. ["finetune"] */
  readonly steps: readonly string[];
  readonly counted: StepCount;
  /** told at once: the first ten, and how many there were */
  readonly problems: readonly Omit<RunProblem, 'run'>[];
  readonly problemCount: number;
}

/** Answer of the `progress` query of an experiment. */
export interface ExperimentProgress {
  readonly runs: number;
  readonly done: number;
  readonly failed: number;
  readonly failures: readonly RunFailure[];
  /** of runs that have ended; a running one's are in its own progress */
  readonly incomplete: number;
  readonly problems: readonly RunProblem[];
  readonly running: readonly string[];
  readonly paused: boolean;
  readonly generations: number;
  readonly steps: StepCount;
}

export const NO_STEPS: StepCount = { computed: 0, reused: 0 };

export function sumOf(a: StepCount, b: StepCount): StepCount {
  return { computed: a.computed + b.computed, reused: a.reused + b.reused };
}

export const pauseUpdate = defineUpdate<void, []>('pause');
export const resumeUpdate = defineUpdate<void, []>('resume');
/** the new last generation; must be above the present one */
export const extendUpdate = defineUpdate<number, [number]>('extend');
export const runProgressQuery = defineQuery<RunProgress>('progress');
export const scoreProgressQuery = defineQuery<ScoreProgress>('progress');
export const experimentProgressQuery = defineQuery<ExperimentProgress>('progress');

/** From an experiment to its runs. */
export const setPausedSignal = defineSignal<[boolean]>('setPaused');
export const setGenerationsSignal = defineSignal<[number]>('setGenerations');
/** To a run: nothing to do, that it arrives says that the run is there. To an experiment: ask them all now. */
export const checkSignal = defineSignal<[]>('check');
/** From a run to its experiment. */
export const endedSignal = defineSignal<[RunEnding]>('ended');
