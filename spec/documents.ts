/**
 * The small documents from which an experiment is read: its plan, and of each run how it stands, what each generation left and what
 * each evaluation found. All are filed under the plan's digest and written once, when what they tell of is there; a reader asks for
 * those that its plan expands into and for no others. Layout: docs/report.md.
 */
import { z } from 'zod';
import { digestOf, isDigest, type Digest } from '../common/canonical.js';
import type { AnyRunPlan, ExperimentPlan } from './plan.js';
import { lastOfStep } from '../kinds/chains/blocks.js';

export const PLAN_SCHEMA = 'habsburg.plan/v4';
export const LATEST_SCHEMA = 'habsburg.latest/v1';
export const START_SCHEMA = 'habsburg.start/v1';
export const RUN_SCHEMA = 'habsburg.run/v2';
export const GENERATION_SCHEMA = 'habsburg.generation/v1';
export const EVALUATION_SCHEMA = 'habsburg.evaluation/v1';

/** Every experiment's documents have names that start with this. */
export const EXPERIMENTS_PREFIX = 'experiments/';

/** Names the newest plan of an experiment. */
export const latestName = (experiment: string): string => `${EXPERIMENTS_PREFIX}${experiment}/latest`;
/** Where a version that filed by name alone kept the plan. */
export const formerPlanName = (experiment: string): string => `${EXPERIMENTS_PREFIX}${experiment}/plan`;
/** Names of an experiment's plans start with this and end in the 64 hex digits of their digest. */
export const plansPrefix = (experiment: string): string => `${EXPERIMENTS_PREFIX}${experiment}/plans/`;
export const planName = (experiment: string, plan: Digest): string => `${plansPrefix(experiment)}${hex(plan)}`;
/** Of a plan: the seeds and generations that it was ever started with. */
export const startsPrefix = (experiment: string, plan: Digest): string =>
  `${EXPERIMENTS_PREFIX}${experiment}/starts/${hex(plan)}/`;

const hex = (digest: Digest): string => digest.slice('sha256:'.length);

const digest = z.custom<Digest>(isDigest, 'expected sha256: and 64 hex digits');
const count = z.number().int().nonnegative();
const seeds = z.array(count);
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const artifactRef = z.object({ kind: z.string(), digest, size: count });

/** `…/latest` */
export const latestDocument = z.object({ schema: z.literal(LATEST_SCHEMA), plan: digest });

/** `…/plans/<digest>`: the plan without paths of a machine, with the seeds and generations of its newest start. */
export const planDocument = z.object({
  schema: z.literal(PLAN_SCHEMA),
  digest,
  plan: z.custom<ExperimentPlan>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      ['conditions', 'population', 'seeds'].every((list) => Array.isArray((value as Record<string, unknown>)[list])) &&
      Number.isInteger((value as ExperimentPlan).generations) &&
      typeof (value as ExperimentPlan).execution === 'object',
    'expected a plan',
  ),
  /** what the experiment's file said, before defaults, local sources as in the plan; absent where an earlier version recorded it */
  document: z.unknown().optional(),
  /** when it was started last, by the clock of who recorded it */
  started: z.string(),
});
export type PlanDocument = z.infer<typeof planDocument>;

/** `…/starts/<digest>/<digits>` */
export const startDocument = z.object({ schema: z.literal(START_SCHEMA), seeds, generations: count });
export type StartDocument = z.infer<typeof startDocument>;

export function startName(experiment: string, plan: Digest, start: Pick<StartDocument, 'seeds' | 'generations'>): string {
  return `${startsPrefix(experiment, plan)}${hex(digestOf([start.seeds, start.generations])).slice(0, 16)}`;
}

/** What every document of a run begins with; it stands where these say, or it is not believed. */
const ofRun = { experiment: z.string(), plan: digest, run: z.string() };

/** `…/<digest>/runs/<run>/run`; the run is `<condition>/seed-<seed>`, or `<condition>/seeds-<ranges>` of a block of chains (spec/expand.ts). */
export const runDocument = z.object({
  schema: z.literal(RUN_SCHEMA),
  ...ofRun,
  status: z.enum(['running', 'done', 'failed', 'canceled']),
  /** one sentence, where the status is `failed` */
  failure: z.string().optional(),
  /** the last generation that it was asked for */
  generations: count,
  /** what the run started from, by role: tokenizer, train, valid, test, truth */
  inputs: z.record(z.string(), artifactRef).optional(),
  /** what computed it, by name: habsburg (code version), engine (fingerprint) … */
  versions: z.record(z.string(), z.string()).optional(),
});
export type RunDocument = z.infer<typeof runDocument>;

/** One step of one generation: its key, whether its result was there already, and the job's small numbers. */
const stepIndex = z.object({ key: digest, cached: z.boolean(), report: z.record(z.string(), z.union([scalar, z.null()])) });

/** What one member left in one generation. */
const memberIndex = z.object({
  model: artifactRef.optional(),
  /** the training set: a selection, or in generation 0 all of the real data */
  dataset: artifactRef.optional(),
  /** what the model continued */
  prompts: artifactRef.optional(),
  /** what it was validated and can be tested on, where these are mixed as its training set is */
  mixed: z.object({ valid: artifactRef.optional(), test: artifactRef.optional() }).optional(),
  /** what it wrote, and where it has operators what they left of that */
  generated: artifactRef.optional(),
  /** what it wrote before them */
  raw: artifactRef.optional(),
  /** values of many seeds over many generations */
  series: artifactRef.optional(),
  /** by step name: sample, finetune, generate, score; postprocess, and through- and view- with what is read; of another split with -valid or -test */
  steps: z.record(z.string(), stepIndex),
  /** what the member had left before (`leftBy`): a document of another chain, by another engine say, follows something else */
  follows: digest.optional(),
});

/** What a member's next generation goes on from, and its evaluations are about: what it wrote; of chains, their state. */
export function leftBy({ generated, model }: Pick<z.infer<typeof memberIndex>, 'generated' | 'model'>): Digest | undefined {
  return (generated ?? model)?.digest;
}

/** `…/<digest>/runs/<run>/generations/<t>`, of chains `…/<from>-<to>` */
export const generationDocument = z.object({
  schema: z.literal(GENERATION_SCHEMA),
  ...ofRun,
  /** of a step that covers several, the first */
  generation: count,
  /** of a step that covers several, the last */
  to: count.optional(),
  members: z.record(z.string(), memberIndex),
});
export type GenerationDocument = z.infer<typeof generationDocument>;

/** `…/<digest>/runs/<run>/evaluations/<t>/<member>` */
export const evaluationDocument = z.object({
  schema: z.literal(EVALUATION_SCHEMA),
  ...ofRun,
  generation: count,
  member: z.string(),
  /** what the member left (`leftBy`): a document about something else is not believed */
  of: digest,
  scores: artifactRef.optional(),
  /** the digest of the metrics that were asked for (documents/done.ts) */
  metrics: digest.optional(),
  /** what was observed of each record: tables by name (evaluations/types.ts `tableName`) */
  tables: z.record(z.string(), artifactRef).optional(),
  step: stepIndex.optional(),
  /** why there are no scores, or not all of them, and will not be */
  failure: z.string().optional(),
});
export type EvaluationDocument = z.infer<typeof evaluationDocument>;

export type ResultDocument = RunDocument | GenerationDocument | EvaluationDocument;

/** Where a document of a run lies. */
export function documentName(document: ResultDocument): string {
  const { experiment, plan, run } = document;
  const folder = `${EXPERIMENTS_PREFIX}${experiment}/${hex(plan)}/runs/${run}/`;
  switch (document.schema) {
    case RUN_SCHEMA:
      return `${folder}run`;
    case GENERATION_SCHEMA:
      return `${folder}generations/${document.generation}${document.to === undefined ? '' : `-${document.to}`}`;
    case EVALUATION_SCHEMA:
      return `${folder}evaluations/${document.generation}/${document.member}`;
  }
}

/** The stretches of generations that a run leaves a document of: one each, of chains those of its steps. */
export function stretches(run: AnyRunPlan): { generation: number; to?: number }[] {
  if (run.kind === undefined) return Array.from({ length: run.generations + 1 }, (_, generation) => ({ generation }));
  const changes = run.phases?.map(({ from }) => from);
  const found: { generation: number; to: number }[] = [];
  for (let from = 0; from <= run.generations; from = found.at(-1)!.to + 1)
    found.push({ generation: from, to: Math.min(lastOfStep(run.member.world.family, from, changes), run.generations) });
  return found;
}

/** A generation of a run as its documents together tell it. */
export interface GenerationIndex {
  readonly generation: number;
  readonly to?: number;
  readonly members: Readonly<Record<string, MemberIndex>>;
}

export type MemberIndex = z.infer<typeof memberIndex> & {
  readonly scores?: z.infer<typeof artifactRef>;
  readonly tables?: Readonly<Record<string, z.infer<typeof artifactRef>>>;
  readonly metrics?: Digest;
  /** why there are no scores, or not all of them */
  readonly failure?: string;
};

/** A run as its documents together tell it. */
export interface RunIndex extends Omit<RunDocument, 'schema' | 'plan' | 'generations'> {
  readonly condition: string;
  /** of a block, the smallest */
  readonly seed: number;
  /** of a block of chains: all its seeds */
  readonly seeds?: readonly number[];
  /** the last generation that is there */
  readonly generationsDone: number;
  readonly generations: readonly GenerationIndex[];
}
