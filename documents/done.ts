/** What of a plan lies in a store already: so that `plan` can say it, and a rerun that has nothing to compute needs no server. */
import { findStatedStep } from '../artifacts/statements.js';
import type { ArtifactManifest, ArtifactStore } from '../artifacts/types.js';
import { mapBounded } from '../common/bounded.js';
import { canonicalJson, digestOf, type Digest } from '../common/canonical.js';
import { recordedClaims } from '../spec/claims.js';
import { planDigest, portablePlan } from '../spec/digest.js';
import { latestDocument, latestName, planDocument, planName } from '../spec/documents.js';
import type { RunIndex } from '../spec/documents.js';
import { expand } from '../spec/expand.js';
import { metricKey } from '../spec/metric-key.js';
import type { ExperimentPlan, MetricPlan } from '../spec/plan.js';
import { read } from './read.js';
import { readRuns } from './runs.js';

/** Steps looked up at a time. */
const LOOK_UPS = 16;

export interface Done {
  /** of all chains together: those that the plan asks for, those that are there, and those of them that are scored as it asks */
  readonly generations: { readonly asked: number; readonly there: number; readonly scored: number };
  readonly runs: { readonly asked: number; readonly done: number };
  /** keys of the steps that made what is there */
  readonly steps: readonly Digest[];
}

/** The metrics that an evaluation was asked for, as its document names them. */
export function metricsDigest(metrics: readonly MetricPlan[]): Digest {
  return digestOf(metrics.map(metricKey));
}

/** Documents are believed here; whether what they name is whole, `isWhole` says. */
export async function whatIsDone(store: ArtifactStore, given: ExperimentPlan): Promise<Done> {
  const plan = portablePlan(given);
  const runs = await readRuns(store, plan, planDigest(plan));
  const asked = expand(plan);
  const metrics = metricsDigest(plan.metrics);
  const generations = { asked: asked.reduce((sum, run) => sum + run.generations + 1, 0), there: 0, scored: 0 };
  const steps = new Set<Digest>();
  for (const { generations: found } of runs)
    for (const { generation, to = generation, members } of found) {
      const count = Math.min(to, plan.generations) - generation + 1;
      const all = Object.values(members);
      generations.there += count;
      if (all.every((member) => member.series ?? (member.scores && member.metrics === metrics && member.failure === undefined)))
        generations.scored += count;
      for (const { steps: own } of all) for (const { key } of Object.values(own)) steps.add(key);
    }
  return { generations, runs: { asked: asked.length, done: runs.filter(isDone).length }, steps: [...steps] };
}

const isDone = ({ status }: RunIndex): boolean => status === 'done';

/**
 * Whether a run of the plan would find everything as it would leave it: the plan is its name's newest, as it was started last, and
 * every step of it is remembered and whole, by the same look that the step itself would take.
 * @returns how many steps that are, or undefined where something is to be done
 * @param lacks as `findStep` has it
 * @param document what the file says: where its claims are others than the recorded ones, they are to be recorded
 */
export async function isWhole(
  store: ArtifactStore,
  plan: ExperimentPlan,
  lacks: (name: string, manifest: ArtifactManifest) => string | undefined,
  signal?: AbortSignal,
  document?: unknown,
): Promise<number | undefined> {
  const digest = planDigest(plan);
  const latest = await read(store, latestName(plan.name), latestDocument);
  if (latest?.plan !== digest) return undefined;
  const started = await read(store, planName(plan.name, digest), planDocument);
  if (!started || !isSame(started.plan, portablePlan(plan))) return undefined;
  if (document !== undefined && canonicalJson(recordedClaims(document) ?? null) !== canonicalJson(recordedClaims(started.document) ?? null)) return undefined; // prettier-ignore
  const { generations, runs, steps } = await whatIsDone(store, plan);
  if (runs.done < runs.asked || generations.there < generations.asked || generations.scored < generations.asked) return undefined;
  let whole = true;
  await mapBounded(steps, LOOK_UPS, async (key) => {
    signal?.throwIfAborted();
    if (whole && (await findStatedStep(store, key, { lacks })).record === undefined) whole = false;
  });
  return whole ? steps.length : undefined;
}

function isSame(one: ExperimentPlan, other: ExperimentPlan): boolean {
  const text = ({ execution: _, ...plan }: ExperimentPlan) => canonicalJson(plan);
  return text(one) === text(other);
}
