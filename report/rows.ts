/** Reads the scores of one plan of an experiment, which tables, exports and the page share. */
import type { z } from 'zod';
import type { ArtifactRef, ArtifactStore } from '../artifacts/types.js';
import { canonicalJson, type Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { findPlan } from '../documents/plans.js';
import type { Which } from '../documents/plans.js';
import { readRuns } from '../documents/runs.js';
import type { Pictures, Sample, ScoreRow } from '../evaluations/types.js';
import { recordedClaims, type Claim } from '../spec/claims.js';
import type { GenerationIndex, RunIndex } from '../spec/documents.js';
import type { ExperimentPlan, MetricPlan } from '../spec/plan.js';
import { SCORES_FILE, SERIES_FILE, scoresDocument, seriesDocument } from '../spec/results.js';
import type { Histogram, ScoresDocument, SeriesDocument } from '../spec/results.js';
import { mapBounded } from '../common/bounded.js';
import { leftOut } from './notes.js';
import { ScoreRows, blockOf, type Place, type Scores } from './scores.js';

/** What one plan gave; of what else was run under its name only the notes speak. */
export interface Results {
  /** the store's URL, without credentials */
  readonly store: string;
  readonly experiment: string;
  /** without paths of the machine that it was run on */
  readonly plan: ExperimentPlan;
  readonly planDigest: Digest;
  /** what its file said, where that was recorded */
  readonly document?: unknown;
  /** what that claims of a paper */
  readonly claims: readonly Claim[];
  /** a sentence about each thing that is left out: other plans of the name, other seeds or generations */
  readonly notes: readonly string[];
  /** in the plan's order of conditions, then by seed */
  readonly runs: readonly RunIndex[];
  /** in the order of runs, then generation and member */
  readonly scores: readonly Scores[];
  /** the same as rows, as the metrics were computed; of a block of chains by generation, seed and measure. Made as they are read */
  readonly rows: Iterable<ScoreRow>;
  readonly histograms: readonly (Histogram & Place)[];
  readonly samples: readonly (Sample & Place)[];
  readonly pictures: readonly (Pictures & Place)[];
}

/** Score files read at a time. */
const READS = 8;

/**
 * Everything that reports need of one plan of an experiment, finished or not: what a store that never held anything else would give.
 * @throws HabsburgError as `findPlan` and `readRuns` do, and `verification` for damaged scores or a number that is there twice
 */
export async function readResults(
  store: ArtifactStore,
  experiment: string,
  which: Which = {},
  signal?: AbortSignal,
): Promise<Results> {
  const found = await findPlan(store, experiment, which);
  const { plan, digest, document } = found;
  const runs = await readRuns(store, plan, digest);
  const places = runs.flatMap((run) =>
    run.generations.flatMap((generation) =>
      Object.entries(generation.members).map(([member, { scores, series }]) => ({
        place: { condition: run.condition, seed: run.seed, member, generation: generation.generation },
        run,
        generation,
        scores,
        series,
      })),
    ),
  );
  const scores: Scores[] = [];
  const histograms: (Histogram & Place)[] = [];
  const samples: (Sample & Place)[] = [];
  const pictures: (Pictures & Place)[] = [];
  const read = await mapBounded(places, READS, async ({ place, run, generation, scores, series }) => {
    signal?.throwIfAborted();
    return {
      scores: scores && once(await readDocument(store, scores.digest, SCORES_FILE, scoresDocument), scores.digest),
      block: series && blockOf(await readSeries(store, series, run, generation), { run: run.run, place, subject: series.digest }),
    };
  });
  const metrics = 'metrics' in plan ? plan.metrics : [];
  const names = new Set(metrics.map(({ name }) => name));
  const asked = askedOf(metrics);
  read.forEach(({ scores: own, block }, index) => {
    const { place, run } = places[index];
    if (block) scores.push(block);
    if (!own) return;
    scores.push({ kind: 'values', run: run.run, place, values: own.values.filter(asked) });
    for (const histogram of own.histograms) if (names.has(histogram.name)) histograms.push({ ...place, ...histogram });
    for (const sample of own.samples) samples.push({ ...place, ...sample });
    if (own.pictures) pictures.push({ ...place, ...own.pictures });
  });
  const claims = recordedClaims(document);
  const notes = [...leftOut(found), ...(claims ? [] : ['the recorded claims are in a form that this version does not read'])];
  const rows = new ScoreRows(experiment, scores);
  return {
    store: store.objects.url,
    experiment,
    plan,
    planDigest: digest,
    document,
    claims: claims ?? [],
    notes,
    runs,
    scores,
    rows,
    histograms,
    samples,
    pictures,
  };
}

/** Whether a value is of one of a plan's metrics: a generation may have been scored with more. */
function askedOf(metrics: readonly MetricPlan[]): (value: ScoresDocument['values'][number]) => boolean {
  const variants = new Map<string, string[]>();
  for (const { name, variant, settings } of metrics) {
    const key = canonicalJson([name, settings]);
    variants.set(key, [...(variants.get(key) ?? []), variant]);
  }
  return ({ metric, variant, settings }) =>
    (variants.get(canonicalJson([metric, settings])) ?? []).some((own) => variant === own || variant.startsWith(`${own}/`));
}

/** A document whose every number is of something else. */
function once(document: ScoresDocument, digest: Digest): ScoresDocument {
  const seen = new Set<string>();
  for (const { metric, variant, settings } of document.values) {
    const key = canonicalJson([metric, variant, settings]);
    if (seen.has(key)) throw twice(`${metric} ${variant}`, digest);
    seen.add(key);
  }
  return document;
}

function twice(what: string, digest: Digest): HabsburgError {
  return new HabsburgError(
    'verification',
    `${what} is there twice in the scores ${digest}: which of the two holds cannot be told`,
  );
}

/** A block's series, if it is of that block's seeds and generations; with that, no two series hold the same number. */
async function readSeries(
  store: ArtifactStore,
  { digest }: ArtifactRef,
  run: RunIndex,
  stretch: GenerationIndex,
): Promise<SeriesDocument> {
  const series = await readDocument(store, digest, SERIES_FILE, seriesDocument);
  const { seeds, generations, measures } = series;
  const to = stretch.to ?? stretch.generation;
  if (canonicalJson(seeds) !== canonicalJson(run.seeds))
    throw new HabsburgError('verification', `the scores ${digest} are of other seeds than those of ${run.run}`);
  if (generations.some((t, i) => t < stretch.generation || t > to || (i > 0 && t <= generations[i - 1])))
    throw new HabsburgError(
      'verification',
      `the scores ${digest} are not of generations ${stretch.generation} to ${to} of ${run.run}, each once`,
    );
  const names = measures.map(({ metric, variant }) => `${metric} ${variant}`);
  const double = names.find((name, i) => names.indexOf(name) !== i);
  if (double !== undefined) throw twice(double, digest);
  return series;
}

async function readDocument<S extends z.ZodType>(
  store: ArtifactStore,
  digest: Digest,
  file: string,
  schema: S,
): Promise<z.infer<S>> {
  const where = `${file} of ${digest}`;
  const bytes = await store.readFile(digest, file);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new HabsburgError('verification', `${where} in ${store.objects.url} is not JSON`, { cause });
  }
  return checked(schema, value, where, store);
}

function checked<S extends z.ZodType>(schema: S, value: unknown, name: string, store: ArtifactStore): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
  throw new HabsburgError(
    'verification',
    `${name} in ${store.objects.url} is not a document this version reads${at}: ${issue.message}`,
  );
}
