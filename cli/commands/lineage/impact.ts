/** lineage impact: what depends on a record, a text or a source, and what it takes to do without. */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { ArtifactStore } from '../../../artifacts/types.js';
import type { Digest } from '../../../common/canonical.js';
import { HabsburgError, fromSystemError } from '../../../common/errors.js';
import { Datasets } from '../../../lineage/datasets.js';
import type { LineageGraph } from '../../../lineage/graph.js';
import { impactOf, type Impact, type Roots } from '../../../lineage/impact.js';
import { recordCalled, recordsSaying, type FoundRecord } from '../../../lineage/roots.js';
import { TARGET, findTarget, oneTarget } from '../../../lineage/target.js';
import { recomputationOf, restOf, runsOf, sourcesOf, type Recomputation, type RunTouched } from '../../../lineage/withdraw.js';
import { shortOf } from '../../../lineage/words.js';
import { visible } from '../../../report/text.js';
import { untilInterrupted } from '../../interrupt.js';
import { printJson } from '../../output.js';
import { STORE_OPTION } from '../../store-option.js';
import { counted, list, shellCommand } from '../../words.js';
import { openLineage, placesOf, type LineageOptions } from './support.js';

interface Options extends LineageOptions {
  readonly record?: string;
  readonly in?: string;
  readonly text?: string;
  readonly source?: string;
  readonly without?: string;
  readonly of?: string;
}

export function registerImpact(parent: Command): void {
  parent
    .command('impact')
    .description('everything that depends on a record, a text or a source, and which steps it takes to do without it')
    .option('--record <id>', 'a record of the data by its id (train/000012), followed through every selection')
    .option('--in <dataset>', `with --record: where several datasets have one: ${TARGET}`)
    .option('--text <text>', 'a text, wherever a record says it, in any tokens')
    .option('--source <source>', `a source: ${TARGET}`)
    .option('--without <file>', 'write the source without the lines that say it, for a run without it')
    .option('--of <source>', 'with --without, where several sources say it: the one to write')
    .option('--json', 'print JSON: every artifact')
    .option('--quiet', 'no progress')
    .option(...STORE_OPTION)
    .addHelpText('after', "\nExample:\n  habsburg lineage impact --text 'A line of mine.' --without essays-without.txt")
    .action((options: Options) => untilInterrupted((signal) => execute(options, signal)));
}

async function execute(options: Options, signal: AbortSignal): Promise<void> {
  const { record, text, source, without } = options;
  if ([record, text, source].filter((one) => one !== undefined).length !== 1)
    throw new HabsburgError('invalid', 'give one of --record, --text and --source');
  if (options.in !== undefined && record === undefined) throw new HabsburgError('invalid', '--in goes with --record');
  if (without !== undefined && source !== undefined)
    throw new HabsburgError(
      'invalid',
      '--without writes a source without a record or a text; of a whole source nothing is left: give another one',
    );
  const { store, graph } = await openLineage(options, signal);
  const { sources, found, lost } = await rootsIn(store, graph, options);
  const datasets = new Datasets(store, graph);
  const records = new Map<Digest, Set<number>>();
  for (const { dataset, at } of found) records.set(dataset, (records.get(dataset) ?? new Set()).add(at));
  const impact = await impactOf(datasets, { sources, records } satisfies Roots);
  const runs = runsOf(graph, impact);
  const plan = await recomputationOf(datasets, runs, { sources, found });
  const rest = without === undefined ? undefined : await writeRest(datasets, graph, options, found);
  if (options.json)
    printJson('lineage-impact', {
      store: store.objects.url,
      found: found.map(({ dataset, at, id, written }) => ({ dataset, at, id, written })),
      artifacts: [...impact.artifacts.values()].map((ref) => {
        const { certain, records: touched, possible } = impact.touched.get(ref.digest)!;
        return { ...ref, certain, possible, ...(touched && { records: touched === 'all' ? 'all' : touched.size }), places: placesOf(graph, ref.digest) };
      }),
      lost: [...new Set([...lost, ...impact.lost])],
      runs,
      plan,
      ...(rest && { without: rest }),
    });
  else process.stdout.write(`${[...foundText(found, sources), ...impactText(impact), ...lostText([...lost, ...impact.lost]), ...runsText(runs), ...planText(graph, plan, options, runs, rest, found)].join('\n')}\n`); // prettier-ignore
}

async function rootsIn(store: ArtifactStore, graph: LineageGraph, { record, text, source, in: among }: Options) {
  if (source !== undefined) {
    const refs = (await findTarget(store, graph, source)).filter(({ kind }) => kind === 'source');
    if (refs.length === 0) throw new HabsburgError('invalid', `${source} is no source; lineage show lists those of an artifact`);
    return { sources: new Set(refs.map(({ digest }) => digest)), found: [], lost: [] };
  }
  const dataset = among === undefined ? undefined : [(await oneTarget(store, graph, among)).digest];
  const search =
    record === undefined ? await recordsSaying(store, graph, text!) : await recordCalled(store, graph, record, dataset);
  return { sources: new Set<Digest>(), ...search };
}

interface Written {
  readonly file: string;
  readonly lines: number;
  readonly removed: number;
}

async function writeRest(
  datasets: Datasets,
  graph: LineageGraph,
  options: Options,
  found: readonly FoundRecord[],
): Promise<Written> {
  const named = options.of === undefined ? undefined : (await findTarget(datasets.store, graph, options.of)).map(({ digest }) => digest); // prettier-ignore
  const sources = sourcesOf(graph, found).filter((digest) => named?.includes(digest) ?? true);
  if (sources.length !== 1)
    throw new HabsburgError('invalid', `${sources.length === 0 ? 'no source that a step read says it' : `${sources.length} sources say it (${sources.map(shortOf).join(', ')})`}; --without writes one, that of --of`); // prettier-ignore
  const { without, text } = options;
  const { text: rest, lines, removed } = await restOf(datasets, sources[0], { found, text });
  await writeFile(without!, rest, { flag: 'wx' }).catch((error: unknown) => {
    throw fromSystemError(error, `writing ${without}`);
  });
  return { file: without!, lines, removed };
}

function foundText(found: readonly FoundRecord[], sources: ReadonlySet<Digest>): string[] {
  if (sources.size > 0) return [`source ${[...sources].map(shortOf).join(', ')}`];
  const byDataset = new Map<Digest, FoundRecord[]>();
  for (const one of found) byDataset.set(one.dataset, [...(byDataset.get(one.dataset) ?? []), one]);
  return [...byDataset].map(([dataset, records]) => `dataset ${shortOf(dataset)}: ${visible(list(records.map(({ id }) => id), 4))}${records[0].written ? ', which a model wrote' : ''}`); // prettier-ignore
}

const lostText = (lost: readonly Digest[]): string[] =>
  lost.length === 0 ? [] : [`  ${counted(new Set(lost).size, 'artifact')} could not be looked into, their bytes are gone or damaged: ${list([...new Set(lost)].map(shortOf), 4)}`]; // prettier-ignore

/** A line each kind of artifact. */
function impactText({ touched, artifacts }: Impact): string[] {
  const kinds = [...new Set([...artifacts.values()].map(({ kind }) => kind))].filter((kind) => kind !== 'source');
  const lines = kinds.map((kind) => {
    const of = [...artifacts.values()].filter((ref) => ref.kind === kind).map(({ digest }) => touched.get(digest)!);
    const certain = of.filter((touch) => touch.certain).length;
    const maybe = of.length - certain;
    return `  ${kind === 'scores' ? `${of.length} scores` : counted(of.length, kind)}: ${[...(certain > 0 ? [`${certain} for certain`] : []), ...(maybe > 0 ? [`${maybe} possibly`] : [])].join(', ')}`;
  });
  return lines.length === 0 ? ['Nothing depends on it.'] : ['Depends on it (--json names each):', ...lines];
}

function runsText(runs: readonly RunTouched[]): string[] {
  return runs.map(({ experiment, run, certain, possible }) => {
    const of = (generations: readonly number[], how: string) => (generations.length === 0 ? [] : [`${generations.length === 1 ? 'generation' : 'generations'} ${stretches(generations)}${how}`]); // prettier-ignore
    return visible(`  ${experiment}/${run}: ${[...of(certain, ''), ...of(possible, ' possibly')].join(', ')}`);
  });
}

/** "0 to 3, 5" */
function stretches(numbers: readonly number[]): string {
  const found: [number, number][] = [];
  for (const n of numbers) {
    const last = found.at(-1);
    if (last && last[1] + 1 === n) last[1] = n;
    else found.push([n, n]);
  }
  return found.map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`)).join(', ');
}

function planText(
  graph: LineageGraph,
  { again, reused, trainTokens, writeTokens, uncounted, sources }: Recomputation,
  options: Options,
  runs: readonly RunTouched[],
  rest: Written | undefined,
  found: readonly FoundRecord[],
): string[] {
  if (runs.length === 0) return [];
  if (found.length > 0 && found.every(({ written }) => written)) return ['A model wrote it, and would again: what is withdrawn is what the model was fitted to.']; // prettier-ignore
  const steps = (counts: Readonly<Record<string, number>>) => list(Object.entries(counts).map(([step, count]) => `${count} ${step}`), 12) || 'none'; // prettier-ignore
  const file = rest?.file ?? 'FILE';
  const how = sources.map(({ digest, names, settings }) => `  ${settings.join(', ')}: ${options.source === undefined ? `file:${file}` : 'another source'}, in place of ${visible(names[0] ?? shortOf(digest))}`); // prettier-ignore
  const asked = options.text === undefined ? ['--record', options.record!, ...(options.in === undefined ? [] : ['--in', options.in])] : ['--text', options.text]; // prettier-ignore
  const write = rest
    ? [`${file}: ${counted(rest.lines, 'line')}, ${rest.removed} fewer`]
    : options.source === undefined
      ? [shellCommand(['habsburg', 'lineage', 'impact', ...asked, '--without', 'FILE'])]
      : [];
  const others = [...new Set(runs.map(({ experiment }) => experiment))].flatMap((experiment) => {
    const all = new Set(graph.results.filter((one) => one.experiment === experiment && one.generations).map(({ run }) => run));
    const own = runs.filter((one) => one.experiment === experiment).map(({ run }) => run);
    return all.size === own.length ? [] : [visible(`  of ${experiment} only ${list(own, 6)}: ${counted(all.size - own.length, 'run')} did without it`)]; // prettier-ignore
  });
  return [
    'To do without it:',
    ...write.map((line) => `  ${line}`),
    ...how,
    ...others,
    `  computed again: ${steps(again)}; ${trainTokens.toLocaleString('en')} tokens to train, ${writeTokens.toLocaleString('en')} to write${uncounted > 0 ? `, without those of ${counted(uncounted, 'step')} whose records are gone` : ''}`,
    `  reused: ${steps(reused)}`,
  ];
}
