/** What an experiment file expands into: plain data that travels to workflows and activities. Types only, no code. */
import type { Device } from '../engine/devices.js';
import type { EngineId } from '../engines/registry.js';
import type { ChainDataPlan, ChainMemberPlan, ChainRunPlan } from '../kinds/chains/plan.js';
import type { KindPlans } from '../kinds/plans.js';
import type { MixturePlan } from './mixture.js';
import type { Phase, Phased } from './phases.js';
import type { SourceClaim } from './source-claims.js';
import type { SourceDigests } from './sources.js';

/** An experiment after validation, defaults filled in, relative paths made absolute. */
export interface ExperimentPlan {
  readonly schemaVersion: 1;
  /** also the experiment's id: [a-z0-9][a-z0-9-]*, at most 60 characters */
  readonly name: string;
  readonly title?: string;
  readonly seeds: readonly number[];
  /** the last generation: 0 fits real data, 1 … generations train on generated data */
  readonly generations: number;
  readonly data: DataPlans;
  /** what its local files hold; absent before the plan is made ready to run */
  readonly sources?: SourceDigests;
  /** what its file says of its sources */
  readonly claims?: readonly SourceClaim[];
  readonly population: readonly MemberPlan[];
  readonly conditions: readonly ConditionPlan[];
  /** what is measured of members whose steps are activities */
  readonly metrics: readonly MetricPlan[];
  readonly execution: ExecutionPlan;
}

/** The real data of each kind that has members which learn from some. */
export type DataPlans = { readonly [K in keyof KindPlans]?: KindPlans[K]['data'] } & { readonly chains?: ChainDataPlan };

/** A member whose steps are activities, and any member. */
export type StepMember = KindPlans[keyof KindPlans]['member'];
export type MemberPlan = StepMember | ChainMemberPlan;

/** A member under a condition: with what it trains on. */
export type Mixed<M> = M & { readonly mixture: MixturePlan };
export type MixedStepMember = Mixed<StepMember>;

export interface ConditionPlan extends Phased<Mixed<MemberPlan>> {
  readonly name: string;
  /** its last generation, where it ends before the experiment does */
  readonly generations?: number;
  /** its seeds, where these are not all of the experiment */
  readonly seeds?: readonly number[];
  /** its real texts, where these are not the experiment's */
  readonly data?: DataPlans['text'];
}

export type AnyRunPlan = RunPlan | ChainRunPlan;

/** One chain of generations: a condition and a seed. Its id is `<condition>/seed-<seed>`. */
export interface RunPlan {
  readonly kind?: undefined;
  readonly experiment: string;
  readonly id: string;
  readonly condition: string;
  readonly seed: number;
  readonly generations: number;
  /** the last generation that it ever has, as its condition says; absent: it can be extended */
  readonly until?: number;
  readonly data: DataPlans;
  readonly sources?: SourceDigests;
  readonly claims?: readonly SourceClaim[];
  /** the condition's mixture and overrides already applied */
  readonly members: readonly MixedStepMember[];
  /** what changes from a generation on; absent where nothing does */
  readonly phases?: readonly Phase<MixedStepMember>[];
  readonly metrics: readonly MetricPlan[];
  readonly execution: ExecutionPlan;
}

/** A metric by name and variant, with settings that go into the result. */
export interface MetricPlan {
  readonly name: string;
  readonly variant: string;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
}

/** Of a member: its task queue, which is no part of anything's identity, and its device, which is. */
export interface MemberExecutionPlan {
  readonly queue?: string;
  readonly device?: Device;
}

/** Where and how fast; never part of a step's key, but for the device. */
export interface ExecutionPlan {
  /** runs at a time; absent: as many as the workers have slots */
  readonly concurrency?: number;
  /** a training or generation checkpoint is written at least so often */
  readonly checkpointSeconds: number;
  /** a step that is silent for so long is taken for dead and started again */
  readonly heartbeatSeconds: number;
  /** cpu: sample and book-keeping; engine: finetune, generate and score */
  readonly queues: { readonly cpu: string; readonly engine: string };
  /** what computes finetune, generate and score: part of their keys, since it changes rounding; absent: what the worker is set to */
  readonly device?: Device;
  /** the program that computes them; absent: the default one */
  readonly engine?: EngineId;
}
