/** store usage: bytes by experiment, or of one by run, and by kind of artifact. */
import type { Command } from 'commander';
import { openArtifactStore } from '../../../artifacts/open.js';
import { usageOf, type Usage } from '../../../care/usage.js';
import { HabsburgError } from '../../../common/errors.js';
import { formatBytes } from '../../../report/format.js';
import { printJson } from '../../output.js';
import { STORE_OPTION, resolveStoreUrl } from '../../store-option.js';
import { table } from '../../table.js';
import { counted } from '../../words.js';

interface Options {
  readonly store?: string;
  readonly json?: boolean;
}

export function registerUsage(parent: Command): void {
  parent
    .command('usage')
    .description('disk by experiment, or of one by run, with all that it was made of; and what no experiment leads to')
    .argument('[experiment]', 'the runs of this one')
    .option('--json', 'print JSON')
    .option(...STORE_OPTION)
    .action(execute);
}

async function execute(experiment: string | undefined, options: Options): Promise<void> {
  const store = openArtifactStore(resolveStoreUrl(options.store));
  const usage = await usageOf(store, experiment);
  if (experiment !== undefined && usage.uses.length === 0)
    throw new HabsburgError(
      'notFound',
      `${store.objects.url} has no run of ${experiment}; habsburg store usage lists what it has`,
    );
  if (options.json) printJson('store-usage', { store: store.objects.url, experiment, ...usage });
  else process.stdout.write(usageText(usage, store.objects.url, experiment));
}

/** Kinds that have a column of their own; the rest is one. */
const KINDS = ['model', 'dataset', 'tokenizer', 'source'];

export function usageText({ blobs, bytes, uses, loose, checkpoints }: Usage, url: string, experiment?: string): string {
  const shown = KINDS.filter((kind) => uses.some(({ kinds }) => kinds[kind]));
  const columns = [experiment === undefined ? 'experiment' : 'run', 'all', 'alone', ...shown, 'other'];
  const rows = uses.map(({ name, bytes, alone, kinds }) => {
    const own = shown.map((kind) => kinds[kind] ?? 0);
    return [name, ...[bytes, alone, ...own, bytes - own.reduce((sum, one) => sum + one, 0)].map(formatBytes)];
  });
  const heads = columns.map((title, i) => ({ title, right: i > 0 }));
  const sentences = [
    `${url} holds ${counted(blobs, 'file')}, ${formatBytes(bytes)} (equal ones once).`,
    ...(uses.length > 0 ? ['all: with everything that it was made of; alone: of that, what none of the others leads to.'] : []),
    ...(loose.blobs > 0 ? [`No experiment leads to ${counted(loose.blobs, 'file')}, ${formatBytes(loose.bytes)}: of steps that no run has recorded yet or never did, and lists of files that statements name. habsburg store gc takes away what nothing needs.`] : []), // prettier-ignore
    ...(checkpoints > 0 ? [`Checkpoints of steps under way: ${formatBytes(checkpoints)}.`] : []),
  ];
  return `${uses.length > 0 ? `${table(heads, rows)}\n\n` : ''}${sentences.join('\n')}\n`;
}
