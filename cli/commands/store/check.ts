/** store check: hashes everything that a store holds and says what cannot be believed. */
import type { Command } from 'commander';
import { openArtifactStore } from '../../../artifacts/open.js';
import { checkStore, type Check } from '../../../care/check.js';
import { HabsburgError } from '../../../common/errors.js';
import { formatBytes } from '../../../report/format.js';
import { untilInterrupted } from '../../interrupt.js';
import { markTold, nowAndThen, printJson } from '../../output.js';
import { STORE_OPTION, resolveStoreUrl } from '../../store-option.js';
import { counted, list } from '../../words.js';

interface Options {
  readonly store?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function registerCheck(parent: Command): void {
  parent
    .command('check')
    .description('hash every file, and look at every step and statement; changes nothing; exit code 3 where something is damaged')
    .option('--json', 'print JSON')
    .option('--quiet', 'print problems alone')
    .option(...STORE_OPTION)
    .action((options: Options) => untilInterrupted((signal) => execute(options, signal)));
}

async function execute(options: Options, signal: AbortSignal): Promise<void> {
  const store = openArtifactStore(resolveStoreUrl(options.store));
  const { url } = store.objects;
  const tell = nowAndThen(options.quiet);
  const check = await checkStore(store, {
    signal,
    progress: (done, of) => tell(() => `${formatBytes(done)} of ${formatBytes(of)} hashed`),
  });
  const { problems } = check;
  if (options.json) printJson('store-check', { store: url, ...check });
  else process.stdout.write(checkText(check, url, options.quiet));
  if (problems.length === 0) return;
  const error = new HabsburgError(
    'verification',
    `${counted(problems.length, 'thing')} in ${url} cannot be believed; habsburg run computes anew what its experiment needs of it`,
  );
  if (options.json) markTold(error);
  throw error;
}

function checkText({ blobs, bytes, steps, statements, problems }: Check, url: string, quiet = false): string {
  const lines = problems.map(({ key, what, experiments }) => `${key}: ${what}${experiments.length > 0 ? ` (${list(experiments)})` : ''}`); // prettier-ignore
  const good = `${url}: ${counted(blobs, 'file')}, ${formatBytes(bytes)}, ${counted(steps, 'step')} and ${counted(statements, 'statement')} are what they say.`;
  if (problems.length === 0) return quiet ? '' : `${good}\n`;
  return `${lines.join('\n')}\n`;
}
