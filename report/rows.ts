/** Reads an experiment's plan, runs and scores from an artifact store into plain rows that tables, exports and the page share. */
import type { z } from 'zod';
import type { ArtifactRef, ArtifactStore } from '../artifacts/types.js';
import type { Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import type { ScoreRow } from '../metrics/types.js';
import type { AnyExperimentPlan } from '../spec/plan.js';
import {
  EXPERIMENTS_PREFIX,
  SCORES_FILE,
  SERIES_FILE,
  planDocument,
  planName,
  runDocument,
  runsPrefix,
  scoresDocument,
  seriesDocument,
} from '../spec/results.js';
import type { Histogram, Pictures, RunIndex, Sample, SeriesDocument } from '../spec/results.js';

/** Where in an experiment something was measured or written. */
export interface Place {
  readonly condition: string;
  readonly seed: number;
  readonly member: string;
  readonly generation: number;
}

export interface Results {
  /** the store's URL, without credentials */
  readonly store: string;
  readonly experiment: string;
  readonly plan: AnyExperimentPlan;
  readonly planDigest: Digest;
  /** in the plan's order of conditions, then by seed */
  readonly runs: readonly RunIndex[];
  /** in the order of runs, then generation, member, and as the metrics were computed */
  readonly rows: readonly ScoreRow[];
  readonly histograms: readonly (Histogram & Place)[];
  readonly samples: readonly (Sample & Place)[];
  readonly pictures: readonly (Pictures & Place)[];
}

/** What no experiment can be called is not looked up. */
const EXPERIMENT_NAME = /^[a-z0-9][a-z0-9-]*$/;

/** Score files read at a time. */
const READS = 8;

/**
 * Everything that reports need of one experiment, finished or not.
 * @throws HabsburgError `notFound` for an unknown experiment (names those that exist), `verification` for a damaged document
 */
export async function readResults(store: ArtifactStore, experiment: string): Promise<Results> {
  const name = planName(experiment);
  const stored = EXPERIMENT_NAME.test(experiment) ? await store.readName<unknown>(name) : undefined;
  if (stored === undefined) throw await unknownExperiment(store, experiment);
  const { plan, digest } = checked(planDocument, stored, name, store);

  const runs: RunIndex[] = [];
  for await (const runKey of store.listNames(runsPrefix(experiment))) {
    const value = await store.readName<unknown>(runKey);
    if (value !== undefined) runs.push(checked(runDocument, value, runKey, store));
  }
  const order = new Map(plan.conditions.map((condition, index) => [condition.name, index]));
  const rank = (run: RunIndex) => order.get(run.condition) ?? order.size;
  runs.sort((a, b) => rank(a) - rank(b) || compare(a.condition, b.condition) || a.seed - b.seed);

  const places: { place: Place; run: string; scores?: ArtifactRef; series?: ArtifactRef }[] = [];
  for (const run of runs) {
    for (const { generation, members } of [...run.generations].sort((a, b) => a.generation - b.generation)) {
      for (const [member, { scores, series }] of Object.entries(members).sort(([a], [b]) => compare(a, b))) {
        places.push({ place: { condition: run.condition, seed: run.seed, member, generation }, run: run.run, scores, series });
      }
    }
  }
  const rows: ScoreRow[] = [];
  const histograms: (Histogram & Place)[] = [];
  const samples: (Sample & Place)[] = [];
  const pictures: (Pictures & Place)[] = [];
  const documents = await mapBounded(places, READS, async ({ place, run, scores, series }) => ({
    scores: scores && (await readDocument(store, scores.digest, SCORES_FILE, scoresDocument)),
    series:
      series &&
      seriesRows(await readDocument(store, series.digest, SERIES_FILE, seriesDocument), {
        experiment,
        run,
        ...place,
        subject: series.digest,
      }),
  }));
  documents.forEach(({ scores, series }, index) => {
    const { place, run } = places[index];
    for (const row of series ?? []) rows.push(row);
    for (const value of scores?.values ?? []) rows.push({ experiment, run, ...place, ...value });
    for (const histogram of scores?.histograms ?? []) histograms.push({ ...place, ...histogram });
    for (const sample of scores?.samples ?? []) samples.push({ ...place, ...sample });
    if (scores?.pictures) pictures.push({ ...place, ...scores.pictures });
  });
  return { store: store.objects.url, experiment, plan, planDigest: digest, runs, rows, histograms, samples, pictures };
}

/** Names of the experiments that a store knows, in order. */
export async function listExperiments(store: ArtifactStore): Promise<string[]> {
  const names: string[] = [];
  for await (const name of store.listNames(EXPERIMENTS_PREFIX)) {
    const [experiment, rest] = splitOnce(name.slice(EXPERIMENTS_PREFIX.length), '/');
    if (rest === 'plan') names.push(experiment);
  }
  return names;
}

async function unknownExperiment(store: ArtifactStore, experiment: string): Promise<HabsburgError> {
  const known = await listExperiments(store);
  const hint =
    known.length === 0 ? 'the store holds no experiment yet' : `it holds ${known.map((name) => `"${name}"`).join(', ')}`;
  return new HabsburgError('notFound', `no experiment "${experiment}" in the store ${store.objects.url}: ${hint}`, {
    details: { known },
  });
}

const NO_SETTINGS: ScoreRow['settings'] = {};

/** A row for each measure, generation and seed; where a measure is not defined there is none. */
function seriesRows(
  series: SeriesDocument,
  common: Omit<Place, 'seed' | 'generation'> & Pick<ScoreRow, 'experiment' | 'run' | 'subject'>,
): ScoreRow[] {
  const { experiment, run, condition, member, subject } = common;
  const rows: ScoreRow[] = [];
  series.generations.forEach((generation, g) => {
    series.seeds.forEach((seed, s) => {
      series.measures.forEach((measure, m) => {
        const value = series.values[m][g][s];
        if (value === null) return;
        // written out: a million rows made by spreading take seconds
        const { metric, variant, version } = measure;
        rows.push({
          experiment,
          run,
          condition,
          seed,
          member,
          generation,
          metric,
          variant,
          version,
          value,
          n: series.n[g],
          settings: NO_SETTINGS,
          subject,
        });
      });
    });
  });
  return rows;
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

async function mapBounded<T, R>(items: readonly T[], limit: number, map: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await map(items[index]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** Code-unit order, the same on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
