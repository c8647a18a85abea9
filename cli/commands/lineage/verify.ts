/** lineage verify: hashes everything that an artifact came from, and looks at every statement on the way. */
import type { Command } from 'commander';
import { HabsburgError } from '../../../common/errors.js';
import { TARGET, findTarget } from '../../../lineage/target.js';
import { checkShares } from '../../../lineage/share.js';
import { verifyLineage } from '../../../lineage/verify.js';
import { formatBytes } from '../../../report/format.js';
import { visible } from '../../../report/text.js';
import { untilInterrupted } from '../../interrupt.js';
import { markTold, nowAndThen, printJson } from '../../output.js';
import { STORE_OPTION } from '../../store-option.js';
import { counted } from '../../words.js';
import { openLineage, type LineageOptions } from './support.js';

export function registerVerify(parent: Command): void {
  parent
    .command('verify')
    .description(
      'hash everything that an artifact came from and check every statement on the way; exit code 3 where something is wrong',
    )
    .argument('<what>', TARGET)
    .option('--json', 'print JSON')
    .option('--quiet', 'print what is wrong alone')
    .option(...STORE_OPTION)
    .action((what: string, options: LineageOptions) => untilInterrupted((signal) => execute(what, options, signal)));
}

async function execute(what: string, options: LineageOptions, signal: AbortSignal): Promise<void> {
  const { store, graph } = await openLineage(options, signal);
  const of = await findTarget(store, graph, what);
  const tell = nowAndThen(options.quiet);
  const walked = await verifyLineage(store, graph, of, {
    signal,
    progress: (bytes) => tell(() => `${formatBytes(bytes)} hashed`),
  });
  // a share is computed from what has just been hashed
  const found = walked.verdicts.length > 0 ? walked : { ...walked, verdicts: await checkShares(store, graph, of) };
  const { verdicts, removed, artifacts, steps, statements, sources, bytes } = found;
  if (options.json) printJson('lineage-verify', { store: store.objects.url, of, ...found });
  else if (verdicts.length > 0) process.stdout.write(verdicts.map(({ verdict, what }) => `${verdict}: ${visible(what)}\n`).join(''));
  else if (!options.quiet)
    process.stdout.write(`${what}: ${counted(artifacts, 'artifact')}, ${counted(steps, 'step')}, ${counted(statements, 'statement')} and ${counted(sources, 'source')} are what they say; ${formatBytes(bytes)} hashed.\n`); // prettier-ignore
  if (removed.length > 0 && !options.json && !options.quiet)
    process.stdout.write(`The bytes of ${counted(removed.length, 'file')} were removed by habsburg store gc, the last on ${removed.map(({ at }) => at).sort().at(-1)!.slice(0, 10)}; of these there is what is stated, and no bytes to hash.\n`); // prettier-ignore
  if (verdicts.length === 0) return;
  const error = new HabsburgError('verification', `the lineage of ${what} does not hold: ${counted(verdicts.length, 'thing')} cannot be believed`); // prettier-ignore
  if (options.json) markTold(error);
  throw error;
}
