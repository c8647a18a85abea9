/** lineage why: how one artifact came into another. */
import type { Command } from 'commander';
import { HabsburgError } from '../../../common/errors.js';
import { TARGET, findTarget, oneTarget } from '../../../lineage/target.js';
import { pathBetween, type Link } from '../../../lineage/walk.js';
import { refWords, shortOf } from '../../../lineage/words.js';
import { untilInterrupted } from '../../interrupt.js';
import { printJson } from '../../output.js';
import { STORE_OPTION } from '../../store-option.js';
import { openLineage, stepWords, type LineageOptions } from './support.js';

export function registerWhy(parent: Command): void {
  parent
    .command('why')
    .description('a shortest way from an artifact back to another that it was made of; exit code 4 where there is none')
    .argument('<what>', TARGET)
    .argument('<from>', 'what may have come into it, the same way; such as the file of a source')
    .option('--json', 'print JSON')
    .option('--quiet', 'no progress')
    .option(...STORE_OPTION)
    .action((what: string, from: string, options: LineageOptions) =>
      untilInterrupted((signal) => execute(what, from, options, signal)),
    );
}

async function execute(what: string, from: string, options: LineageOptions, signal: AbortSignal): Promise<void> {
  const { store, graph } = await openLineage(options, signal);
  const start = await oneTarget(store, graph, what);
  const ends = await findTarget(store, graph, from);
  const [path] = ends.map(({ digest }) => pathBetween(graph, start, digest)).filter((one) => one !== undefined);
  if (path === undefined) {
    const back = ends.some((end) => pathBetween(graph, end, start.digest));
    throw new HabsburgError('notFound', `${refWords(start)} was not made of ${from}, by what the statements say${back ? `; it is the other way round: ${from} was made of it` : ''}`); // prettier-ignore
  }
  if (options.json) printJson('lineage-why', { store: store.objects.url, path });
  else process.stdout.write(`${whyText(refWords(start), path).join('\n')}\n`);
}

function whyText(start: string, path: readonly Link[]): string[] {
  return [
    start,
    ...path.map(({ by, name, of }) => `  was made by ${stepWords(by)} (step ${shortOf(by.key)}), of ${name} = ${refWords(of)}`),
  ];
}
