/** Finds an experiment's plan in a store, and reads the runs that it expands into from their documents, whatever else lies there. */
import type { z } from 'zod';
import type { ArtifactStore } from '../artifacts/types.js';
import type { Digest } from '../common/canonical.js';
import { HabsburgError, isHabsburgError } from '../common/errors.js';
import { planDigest, portablePlan } from '../spec/digest.js';
import * as documents from '../spec/documents.js';
import type { GenerationIndex, MemberIndex, PlanDocument, RunIndex } from '../spec/documents.js';
import { expand } from '../spec/expand.js';
import type { AnyExperimentPlan, AnyRunPlan } from '../spec/plan.js';
import { mapBounded } from './bounded.js';

/** What no experiment can be called is not looked up. */
const EXPERIMENT_NAME = /^[a-z0-9][a-z0-9-]*$/;

/** Documents read at a time: runs, and of each run some. */
const RUNS = 4;
const READS = 8;

/** Which plan of a name: the newest, where neither is given. */
export interface Which {
  /** the first digits of its digest, with or without `sha256:` */
  readonly digest?: string;
  /** the plan itself: what `run` was given */
  readonly plan?: AnyExperimentPlan;
}

/** A plan of an experiment, and what else was ever run under its name. */
export interface FoundPlan {
  readonly plan: AnyExperimentPlan;
  readonly digest: Digest;
  /** other plans of that name, the newest first; a damaged one has its digest alone */
  readonly others: readonly (Partial<PlanDocument> & { readonly digest: Digest })[];
  /** what earlier starts of this same plan asked for beyond it */
  readonly beyond: { readonly seeds: readonly number[]; readonly generations?: number };
}

/**
 * @throws HabsburgError `notFound` for an unknown experiment or digest (names those that exist), `verification` for a damaged
 * plan, `invalid` for an experiment that an earlier version recorded or a digest that several plans begin with
 */
export async function findPlan(store: ArtifactStore, experiment: string, which: Which = {}): Promise<FoundPlan> {
  const known = EXPERIMENT_NAME.test(experiment) ? await plansOf(store, experiment) : [];
  const digest = which.plan ? planDigest(which.plan) : await chosen(store, experiment, known, which.digest);
  const own = known.find((other) => other.digest === digest);
  if (!which.plan && own?.damage) throw own.damage;
  const plan = which.plan ? portablePlan(which.plan) : own!.document!.plan;
  const others = known.filter((other) => other.digest !== digest).map(({ document, digest }) => document ?? { digest });
  return { plan, digest, others: others.sort(newestFirst), beyond: await beyond(store, plan, digest) };
}

interface KnownPlan {
  readonly digest: Digest;
  readonly document?: PlanDocument;
  readonly damage?: unknown;
}

async function plansOf(store: ArtifactStore, experiment: string): Promise<KnownPlan[]> {
  const prefix = documents.plansPrefix(experiment);
  const names: string[] = [];
  for await (const name of store.listNames(prefix)) if (/^[0-9a-f]{64}$/.test(name.slice(prefix.length))) names.push(name);
  return mapBounded(names, READS, async (name): Promise<KnownPlan> => {
    const digest: Digest = `sha256:${name.slice(prefix.length)}`;
    try {
      const document = (await read(store, name, documents.planDocument))!;
      if (document.digest !== digest || digestIn(document) !== digest || document.plan.name !== experiment)
        throw damaged(store, name, 'the plan in it has another digest than its name says');
      return { digest, document };
    } catch (error) {
      if (!isHabsburgError(error) || error.kind !== 'verification') throw error;
      return { digest, damage: error };
    }
  });
}

/** The digest of the plan in a document; undefined where it is so damaged that it has none. */
function digestIn({ plan }: PlanDocument): Digest | undefined {
  try {
    return planDigest(plan);
  } catch {
    return undefined;
  }
}

async function chosen(
  store: ArtifactStore,
  experiment: string,
  known: readonly KnownPlan[],
  prefix: string | undefined,
): Promise<Digest> {
  if (known.length === 0) throw await unknownExperiment(store, experiment);
  if (prefix !== undefined) {
    const digits = prefix.replace(/^sha256:/, '');
    const matching = known.filter(({ digest }) => digits !== '' && digest.startsWith(`sha256:${digits}`));
    if (matching.length === 1) return matching[0].digest;
    const have = `${experiment} has ${known.map(({ digest }) => shortDigest(digest)).join(', ')}`;
    throw matching.length === 0
      ? new HabsburgError('notFound', `no plan ${prefix} of ${experiment} in the store ${store.objects.url}: ${have}`)
      : new HabsburgError('invalid', `${matching.length} plans of ${experiment} begin with ${prefix}; give more digits: ${have}`);
  }
  const latest = await read(store, documents.latestName(experiment), documents.latestDocument).catch((error: unknown) => {
    if (isHabsburgError(error) && error.kind === 'verification') return undefined;
    throw error;
  });
  if (latest && known.some(({ digest }) => digest === latest.plan)) return latest.plan;
  // the pointer is lost: the plan that was started last is the newest
  return [...known].sort((a, b) => newestFirst(a.document ?? {}, b.document ?? {}))[0].digest;
}

function newestFirst(a: Partial<PlanDocument>, b: Partial<PlanDocument>): number {
  return compare(b.started ?? '', a.started ?? '');
}

/** As many digits of a digest as people read. */
export function shortDigest(digest: Digest): string {
  return digest.slice('sha256:'.length, 'sha256:'.length + 12);
}

async function beyond(store: ArtifactStore, plan: AnyExperimentPlan, digest: Digest): Promise<FoundPlan['beyond']> {
  const own = new Set(plan.seeds);
  const seeds = new Set<number>();
  let generations = plan.generations;
  for await (const name of store.listNames(documents.startsPrefix(plan.name, digest))) {
    const start = documents.startDocument.safeParse(await store.readName(name).catch(() => undefined)).data;
    for (const seed of start?.seeds ?? []) if (!own.has(seed)) seeds.add(seed);
    generations = Math.max(generations, start?.generations ?? 0);
  }
  return { seeds: [...seeds].sort((a, b) => a - b), ...(generations > plan.generations ? { generations } : {}) };
}

/** The runs of a plan that have begun, in the plan's order of conditions, then by seed. */
export async function readRuns(store: ArtifactStore, plan: AnyExperimentPlan, digest: Digest): Promise<RunIndex[]> {
  const order = new Map(plan.conditions.map((condition, index) => [condition.name, index]));
  const runs = expand(plan).sort((a, b) => order.get(a.condition)! - order.get(b.condition)! || a.seed - b.seed);
  return (await mapBounded(runs, RUNS, (run) => readRun(store, run, digest))).filter((run) => run !== undefined);
}

async function readRun(store: ArtifactStore, run: AnyRunPlan, plan: Digest): Promise<RunIndex | undefined> {
  const place = { experiment: run.experiment, plan, run: run.id };
  const own = await readAt(store, documents.runDocument, { schema: documents.RUN_SCHEMA, ...place });
  if (own === undefined) return undefined;
  const { schema: _, plan: _plan, generations: asked, ...rest } = own;
  const found = await mapBounded(documents.stretches(run), READS, (stretch) =>
    readAt(store, documents.generationDocument, { schema: documents.GENERATION_SCHEMA, ...place, ...stretch }),
  );
  const generations: GenerationIndex[] = [];
  for (const generation of ofOneChain(found)) {
    const members: Record<string, MemberIndex> = {};
    for (const [member, index] of Object.entries(generation.members).sort(([a], [b]) => compare(a, b))) {
      members[member] = index.series
        ? index
        : { ...index, ...(await readEvaluation(store, place, generation.generation, member, index)) };
    }
    generations.push({ generation: generation.generation, to: generation.to, members });
  }
  const last = generations.at(-1);
  const generationsDone = last?.to ?? last?.generation ?? 0;
  return {
    ...rest,
    // one that was done to fewer generations is done if an earlier one had gone so far
    status: own.status === 'done' && Math.max(asked, generationsDone) < run.generations ? 'running' : own.status,
    condition: run.condition,
    seed: run.seed,
    ...(run.kind === 'simulation' ? { seeds: run.seeds } : {}),
    generationsDone,
    generations,
  };
}

/**
 * Of a run's documents those that go on from one another. A run that was computed again by another engine leaves other models;
 * until it has caught up, what lies there from before is not read together with it.
 */
function ofOneChain(found: readonly (documents.GenerationDocument | undefined)[]): documents.GenerationDocument[] {
  const chain: documents.GenerationDocument[] = [];
  let before: documents.GenerationDocument | 'other' | undefined;
  for (const document of found) {
    if (document === undefined) {
      before = undefined;
      continue;
    }
    const previous = before;
    const broken =
      previous === 'other' ||
      (previous !== undefined &&
        Object.entries(document.members).some(([member, { follows }]) => {
          const left = previous.members[member] && documents.leftBy(previous.members[member]);
          return follows !== undefined && left !== undefined && follows !== left;
        }));
    if (!broken) chain.push(document);
    before = broken ? 'other' : document;
  }
  return chain;
}

async function readEvaluation(
  store: ArtifactStore,
  place: Pick<documents.RunDocument, 'experiment' | 'plan' | 'run'>,
  generation: number,
  member: string,
  index: GenerationIndex['members'][string],
): Promise<Pick<MemberIndex, 'scores' | 'failure' | 'steps'> | undefined> {
  const at = { schema: documents.EVALUATION_SCHEMA, ...place, generation, member } as const;
  const found = await readAt(store, documents.evaluationDocument, at);
  if (found === undefined || found.of !== documents.leftBy(index)) return undefined;
  const { scores, failure, step } = found;
  return { scores, failure, steps: step ? { ...index.steps, score: step } : index.steps };
}

/** The document at a place, if there is one and it says that it stands there. */
async function readAt<S extends z.ZodType<documents.ResultDocument>>(
  store: ArtifactStore,
  schema: S,
  place: Parameters<typeof documents.documentName>[0] | Pick<z.infer<S>, 'schema' | 'experiment' | 'plan' | 'run'>,
): Promise<z.infer<S> | undefined> {
  const name = documents.documentName(place as documents.ResultDocument);
  const found = await read(store, name, schema);
  if (found && documents.documentName(found) !== name)
    throw damaged(store, name, `it says that it is ${documents.documentName(found)}`);
  return found;
}

async function read<S extends z.ZodType>(store: ArtifactStore, name: string, schema: S): Promise<z.infer<S> | undefined> {
  const value = await store.readName<unknown>(name);
  if (value === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
  throw damaged(store, name, `it is not a document this version reads${at}: ${issue.message}`);
}

function damaged(store: ArtifactStore, name: string, what: string): HabsburgError {
  return new HabsburgError(
    'verification',
    `${name} in ${store.objects.url} is damaged or of another version: ${what}; run the experiment again, which writes it anew (finished steps are reused)`,
  );
}

/** Names of the experiments that a store knows, in order. */
export async function listExperiments(store: ArtifactStore): Promise<string[]> {
  const names = new Set<string>();
  for await (const name of store.listNames(documents.EXPERIMENTS_PREFIX)) {
    const [experiment, kind] = name.slice(documents.EXPERIMENTS_PREFIX.length).split('/');
    if (kind === 'plans' || kind === 'latest') names.add(experiment);
  }
  return [...names];
}

async function unknownExperiment(store: ArtifactStore, experiment: string): Promise<HabsburgError> {
  const former =
    EXPERIMENT_NAME.test(experiment) && (await store.readName(documents.formerPlanName(experiment)).catch(() => null));
  if (former !== undefined && former !== false)
    return new HabsburgError(
      'invalid',
      `${experiment} was recorded in ${store.objects.url} by a version of Habsburg that filed results by name alone; run it again: finished steps are reused, and its results are filed by what was run`,
    );
  const known = await listExperiments(store);
  const hint =
    known.length === 0 ? 'the store holds no experiment yet' : `it holds ${known.map((name) => `"${name}"`).join(', ')}`;
  return new HabsburgError('notFound', `no experiment "${experiment}" in the store ${store.objects.url}: ${hint}`, {
    details: { known },
  });
}

/** Code-unit order, the same on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
