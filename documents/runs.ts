/** Reads the runs that a plan expands into from their documents, whatever else lies there. */
import type { z } from 'zod';
import type { ArtifactStore } from '../artifacts/types.js';
import { mapBounded } from '../common/bounded.js';
import type { Digest } from '../common/canonical.js';
import * as documents from '../spec/documents.js';
import type { GenerationIndex, MemberIndex, RunIndex } from '../spec/documents.js';
import { expand } from '../spec/expand.js';
import type { AnyRunPlan, ExperimentPlan, RunPlan } from '../spec/plan.js';
import { compare, damaged, read } from './read.js';

/** Documents read at a time: runs, and of each run some. */
const RUNS = 4;
const READS = 8;

/** The runs of a plan that have begun, in the plan's order of conditions, then by seed. */
export async function readRuns(store: ArtifactStore, plan: ExperimentPlan, digest: Digest): Promise<RunIndex[]> {
  const order = new Map(plan.conditions.map((condition, index) => [condition.name, index]));
  const runs = expand(plan).sort((a, b) => order.get(a.condition)! - order.get(b.condition)! || a.seed - b.seed);
  return (await mapBounded(runs, RUNS, (run) => readRun(store, run, digest))).filter((run) => run !== undefined);
}

async function readRun(store: ArtifactStore, run: AnyRunPlan, plan: Digest): Promise<RunIndex | undefined> {
  const place = { experiment: run.experiment, plan, run: run.id };
  const own = await readRunOf(store, run, plan);
  if (own === undefined) return undefined;
  const { schema: _, plan: _plan, generations: asked, ...rest } = own;
  const found = await readGenerations(store, place, documents.stretches(run));
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
    ...(run.kind === 'chains' ? { seeds: run.seeds } : {}),
    generationsDone,
    generations,
  };
}

/** What a run says of itself; undefined where it has not begun. */
export function readRunOf(store: ArtifactStore, run: AnyRunPlan, plan: Digest): Promise<documents.RunDocument | undefined> {
  return readAt(store, documents.runDocument, { schema: documents.RUN_SCHEMA, experiment: run.experiment, plan, run: run.id });
}

/** The generations of a run from one on, `most` of them at most, as far as they belong to one chain; and its first. */
export async function readStretch(
  store: ArtifactStore,
  run: RunPlan,
  plan: Digest,
  from: number,
  most: number,
): Promise<{ readonly first?: documents.GenerationDocument; readonly generations: readonly documents.GenerationDocument[] }> {
  const place = { experiment: run.experiment, plan, run: run.id };
  const asked = documents.stretches(run).filter(({ generation: t }) => t === 0 || (t >= from - 1 && t < from + most));
  const found = await readGenerations(store, place, asked);
  const chain = ofOneChain(asked[1] && asked[1].generation > 1 ? found.slice(1) : found);
  return { first: found[0], generations: chain.filter(({ generation }) => generation >= from) };
}

type Place = Pick<documents.RunDocument, 'experiment' | 'plan' | 'run'>;

function readGenerations(
  store: ArtifactStore,
  place: Place,
  stretches: ReturnType<typeof documents.stretches>,
): Promise<(documents.GenerationDocument | undefined)[]> {
  return mapBounded(stretches, READS, (stretch) =>
    readAt(store, documents.generationDocument, { schema: documents.GENERATION_SCHEMA, ...place, ...stretch }),
  );
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
  place: Place,
  generation: number,
  member: string,
  index: GenerationIndex['members'][string],
): Promise<Pick<MemberIndex, 'scores' | 'tables' | 'metrics' | 'failure' | 'steps'> | undefined> {
  const at = { schema: documents.EVALUATION_SCHEMA, ...place, generation, member } as const;
  const found = await readAt(store, documents.evaluationDocument, at);
  if (found === undefined || found.of !== documents.leftBy(index)) return undefined;
  const { scores, tables, metrics, failure, step } = found;
  return { scores, tables, metrics, failure, steps: step ? { ...index.steps, score: step } : index.steps };
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
