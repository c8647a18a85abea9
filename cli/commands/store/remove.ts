/** store remove: an experiment's documents go; what they led to goes when it is collected. */
import type { Command } from 'commander';
import { openArtifactStore } from '../../../artifacts/open.js';
import { removeExperiment } from '../../../care/remove.js';
import { printJson } from '../../output.js';
import { STORE_OPTION, resolveStoreUrl } from '../../store-option.js';
import { counted } from '../../words.js';

interface Options {
  readonly store?: string;
  readonly run?: string;
  readonly unfinished?: boolean;
  readonly json?: boolean;
}

export function registerRemove(parent: Command): void {
  parent
    .command('remove')
    .description(
      'take the documents of an experiment out; its files go with store gc, statements stay; habsburg run brings all back',
    )
    .argument('<experiment>', 'by name, all of its plans')
    .option('--run <run>', 'of this one alone: CONDITION/seed-N')
    .option('--unfinished', 'also where a run says that it goes on; for one that was killed')
    .option('--json', 'print JSON')
    .option(...STORE_OPTION)
    .action(execute);
}

async function execute(experiment: string, { store: url, json, ...options }: Options): Promise<void> {
  const store = openArtifactStore(resolveStoreUrl(url));
  const documents = await removeExperiment(store, experiment, options);
  if (json) return printJson('store-remove', { store: store.objects.url, experiment, run: options.run, documents });
  process.stdout.write(`${counted(documents, 'document')} of ${experiment} are gone; habsburg store gc says which files nothing leads to now.\n`); // prettier-ignore
}
