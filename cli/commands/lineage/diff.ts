/** lineage diff: where two ancestries part, and in what. */
import type { Command } from 'commander';
import { diffLineage, type Parting } from '../../../lineage/diff.js';
import { TARGET, oneTarget } from '../../../lineage/target.js';
import { refWords, shortOf } from '../../../lineage/words.js';
import { visible } from '../../../report/text.js';
import { untilInterrupted } from '../../interrupt.js';
import { printJson } from '../../output.js';
import { STORE_OPTION } from '../../store-option.js';
import { counted } from '../../words.js';
import { openLineage, stepWords, type LineageOptions } from './support.js';

export function registerDiff(parent: Command): void {
  parent
    .command('diff')
    .description('the first steps at which two ancestries part, and in what: parameter, seed, code, source')
    .argument('<a>', TARGET)
    .argument('<b>', 'the other')
    .option('--json', 'print JSON')
    .option('--quiet', 'no progress')
    .option(...STORE_OPTION)
    .addHelpText('after', '\nExample:\n  habsburg lineage diff quickstart/replace/seed-1/5 quickstart/keep-10/seed-1/5')
    .action((a: string, b: string, options: LineageOptions) => untilInterrupted((signal) => execute(a, b, options, signal)));
}

async function execute(a: string, b: string, options: LineageOptions, signal: AbortSignal): Promise<void> {
  const { store, graph } = await openLineage(options, signal);
  const [one, other] = [await oneTarget(store, graph, a), await oneTarget(store, graph, b)];
  const partings = await diffLineage(store, graph, one, other);
  if (options.json) printJson('lineage-diff', { store: store.objects.url, a: one, b: other, partings });
  else if (one.digest === other.digest) process.stdout.write(`both are ${refWords(one)}\n`);
  else process.stdout.write(`${[`a: ${refWords(one)}`, `b: ${refWords(other)}`, ...textOf(partings)].join('\n')}\n`); // prettier-ignore
}

/** Steps that part in the same way, such as those of every later generation, are one paragraph. */
function textOf(partings: readonly Parting[]): string[] {
  const ways = new Map<string, Parting[]>();
  for (const one of partings) {
    const way = one.differences.map(({ in: what, a, b }) => `  ${what}: ${told(a)} | ${told(b)}`).join('\n');
    ways.set(way, [...(ways.get(way) ?? []), one]);
  }
  return [...ways].flatMap(([way, [{ a, b }, ...more]]) => {
    const both = stepWords(a) === stepWords(b) ? stepWords(a) : `${stepWords(a)} | ${stepWords(b)}`;
    const others =
      more.length > 0 ? `; in the same way ${counted(more.length, 'step')} more, to ${stepWords(more.at(-1)!.a)}` : '';
    return [`${both} (steps ${shortOf(a.key)}, ${shortOf(b.key)})${others}`, way];
  });
}

const told = (value: unknown): string => (value === undefined ? 'none' : visible(JSON.stringify(value)));
