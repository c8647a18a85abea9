/** Finds an experiment's plan in a store, and says what else was run under its name. */
import type { ArtifactStore } from '../artifacts/types.js';
import { mapBounded } from '../common/bounded.js';
import type { Digest } from '../common/canonical.js';
import { HabsburgError, isHabsburgError } from '../common/errors.js';
import { planDigest, portablePlan } from '../spec/digest.js';
import * as documents from '../spec/documents.js';
import type { PlanDocument } from '../spec/documents.js';
import type { ExperimentPlan } from '../spec/plan.js';
import { compare, damaged, read } from './read.js';

/** What no experiment can be called is not looked up. */
const EXPERIMENT_NAME = /^[a-z0-9][a-z0-9-]*$/;

/** Documents read at a time. */
const READS = 8;

/** Which plan of a name: the newest, where neither is given. */
export interface Which {
  /** the first digits of its digest, with or without `sha256:` */
  readonly digest?: string;
  /** the plan itself: what `run` was given */
  readonly plan?: ExperimentPlan;
}

/** A plan of an experiment, and what else was ever run under its name. */
export interface FoundPlan {
  readonly plan: ExperimentPlan;
  readonly digest: Digest;
  /** what its file said, where that was recorded */
  readonly document?: unknown;
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
  const document = own?.document?.document;
  return {
    plan,
    digest,
    ...(document === undefined ? {} : { document }),
    others: others.sort(newestFirst),
    beyond: await beyond(store, plan, digest),
  };
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

async function beyond(store: ArtifactStore, plan: ExperimentPlan, digest: Digest): Promise<FoundPlan['beyond']> {
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
