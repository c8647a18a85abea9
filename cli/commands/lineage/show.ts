/** lineage show: an artifact's ancestry, by generation, down to the sources. */
import type { Command } from 'commander';
import type { LineageGraph, Made } from '../../../lineage/graph.js';
import { TARGET, findTarget } from '../../../lineage/target.js';
import { ancestryOf, type AncestryGraph } from '../../../lineage/walk.js';
import { formatBytes } from '../../../report/format.js';
import { groupBy } from '../../../report/summary.js';
import { refWords, shortOf } from '../../../lineage/words.js';
import { untilInterrupted } from '../../interrupt.js';
import { printJson } from '../../output.js';
import { printLines } from '../../print-lines.js';
import { STORE_OPTION } from '../../store-option.js';
import { counted, list } from '../../words.js';
import { claimWords, openLineage, placesOf, stepWords, type LineageOptions } from './support.js';

interface Options extends LineageOptions {
  readonly all?: boolean;
}

/** Of more generations the first and the last are shown. */
const GENERATIONS = 6;

export function registerShow(parent: Command): void {
  parent
    .command('show')
    .description('the ancestry of an artifact: steps by generation, newest first, down to the sources')
    .argument('<what>', TARGET)
    .option('--all', 'every generation (default: of many the first and the last)')
    .option('--json', 'print JSON: the whole graph')
    .option('--quiet', 'no progress')
    .option(...STORE_OPTION)
    .addHelpText('after', '\nExample:\n  habsburg lineage show quickstart/replace/seed-1/5')
    .action((what: string, options: Options) => untilInterrupted((signal) => execute(what, options, signal)));
}

async function execute(what: string, options: Options, signal: AbortSignal): Promise<void> {
  const { store, graph } = await openLineage(options, signal);
  const of = await findTarget(store, graph, what);
  const ancestry = ancestryOf(graph, of);
  const { made, sources, unattested } = ancestry;
  if (options.json)
    printJson('lineage-show', {
      store: store.objects.url,
      of,
      artifacts: [...ancestry.artifacts.values()],
      steps: made,
      sources: [...sources.values()],
      unattested,
    });
  else await printLines(showText(graph, ancestry, of.map(({ digest }) => digest), options.all).map((line) => `${line}\n`)); // prettier-ignore
}

function* heads(graph: LineageGraph, { artifacts }: AncestryGraph, of: readonly string[]): Iterable<string> {
  for (const ref of artifacts.values()) {
    if (!of.includes(ref.digest)) continue;
    const places = placesOf(graph, ref.digest);
    yield `${ref.kind} ${ref.digest}, ${formatBytes(ref.size)}`;
    if (places.length > 0) yield `  ${list(places, 4)}`;
  }
}

export function showText(graph: LineageGraph, ancestry: AncestryGraph, of: readonly string[], all = false): string[] {
  const lines = [...heads(graph, ancestry, of)];
  const byGeneration = groupBy(ancestry.made, ({ generation }) => generation);
  const generations = [...byGeneration.keys()].sort((a, b) => b - a);
  const folded = all || generations.length <= GENERATIONS ? [] : generations.slice(2, -2);
  for (const t of generations) {
    if (t === folded[0]) lines.push('', `generations ${folded.at(-1)!} to ${t}: ${counted(folded.reduce((sum, one) => sum + byGeneration.get(one)!.length, 0), 'step')} more (--all shows them)`); // prettier-ignore
    if (folded.includes(t)) continue;
    lines.push('', `generation ${t}`, ...byGeneration.get(t)!.flatMap((made) => stepLines(made)));
  }
  if (ancestry.sources.size > 0) lines.push('', 'sources');
  for (const { ref, names, claims } of ancestry.sources.values())
    lines.push(`  ${names.length > 0 ? `${names.join(', ')}: ` : ''}${refWords(ref)}, ${formatBytes(ref.size)}; ${claims.length === 0 ? 'nothing is claimed of it' : claims.map(claimWords).join(' | ')}`); // prettier-ignore
  for (const ref of ancestry.unattested) lines.push('', `unattested: no statement says how ${refWords(ref)} was made`);
  return lines;
}

function stepLines(made: Made): string[] {
  const of = [...Object.entries(made.inputs), ...Object.entries(made.sources)].map(([name, ref]) => `${name} = ${refWords(ref)}`); // prettier-ignore
  const outputs = Object.entries(made.outputs).map(([name, ref]) => (name === ref.kind ? refWords(ref) : `${name} = ${refWords(ref)}`)); // prettier-ignore
  return [
    `  ${stepWords(made)} (seed ${made.seed}, step ${shortOf(made.key)}): ${list(outputs, 8)}`,
    ...(of.length > 0 ? [`    of ${list(of, 12)}`] : []),
  ];
}
