/** store copy: a store, or what one experiment leads to, into another. */
import type { Command } from 'commander';
import { openArtifactStore } from '../../../artifacts/open.js';
import { canonicalStoreUrl } from '../../../artifacts/store-url.js';
import { copyStore, type Copied } from '../../../care/copy.js';
import { HabsburgError } from '../../../common/errors.js';
import { formatBytes } from '../../../report/format.js';
import { untilInterrupted } from '../../interrupt.js';
import { markTold, nowAndThen, printJson } from '../../output.js';
import { counted } from '../../words.js';

interface Options {
  readonly experiment?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function registerCopy(parent: Command): void {
  parent
    .command('copy')
    .description(
      'copy a store into another, every file hashed at both ends; goes on where it was broken off; exit code 3 where a file cannot be had',
    )
    .argument('<from>', 'a store: a folder or s3://bucket/prefix')
    .argument('<to>', 'another, empty or not')
    .option('--experiment <name>', 'what this experiment leads to, back to the sources, alone')
    .option('--json', 'print JSON')
    .option('--quiet', 'no progress')
    .addHelpText('after', '\nExample:\n  habsburg store copy .habsburg/store s3://archive/stein --experiment stein-cross')
    .action((from: string, to: string, options: Options) => untilInterrupted((signal) => execute(from, to, options, signal)));
}

async function execute(from: string, to: string, options: Options, signal: AbortSignal): Promise<void> {
  const [source, target] = [from, to].map((url) => canonicalStoreUrl(url));
  if (source === target) throw new HabsburgError('invalid', `${from} and ${to} are the same store; name another to copy it to`);
  const tell = nowAndThen(options.quiet);
  const copied = await copyStore(openArtifactStore(source), openArtifactStore(target), {
    ...(options.experiment === undefined ? {} : { experiment: options.experiment }),
    signal,
    progress: (done, of) => tell(() => `${formatBytes(done)} of ${formatBytes(of)} copied`),
  });
  if (options.json) printJson('store-copy', { from: source, to: target, ...copied });
  else process.stdout.write(copyText(copied, target, options.quiet));
  const { lost } = copied;
  if (lost.length === 0) return;
  const error = new HabsburgError('verification', `${counted(lost.length, 'file')} of ${source} cannot be had; habsburg store check names what depends on them`); // prettier-ignore
  if (options.json) markTold(error);
  throw error;
}

function copyText({ files, bytes, there, statements, documents, kept, lost, log }: Copied, to: string, quiet = false): string {
  const how = { copied: 'the log', queued: 'the statements are queued for the log that is there', none: 'no log yet' }[log];
  const lines = [
    ...lost.map(({ digest, what }) => `${digest}: ${what}`),
    ...kept.map((key) => `${key} says something else in ${to}, and stays there as it is`),
    ...(quiet ? [] : [`${to}: ${counted(files, 'file')}, ${formatBytes(bytes)}, came (${there.toLocaleString('en')} were there), ${counted(statements, 'statement')} and key, ${counted(documents, 'document')}, ${how}.`]), // prettier-ignore
  ];
  return lines.map((line) => `${line}\n`).join('');
}
