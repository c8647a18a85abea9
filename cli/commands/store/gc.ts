/** store gc: what nothing leads to, planned and said; with --apply, taken away. */
import type { Command } from 'commander';
import { openArtifactStore } from '../../../artifacts/open.js';
import { hasBegun } from '../../../artifacts/store-mark.js';
import type { ArtifactStore } from '../../../artifacts/types.js';
import { collect, type Collected } from '../../../care/collect.js';
import { planCollection, shrunk, type Collection } from '../../../care/collection.js';
import type { Digest } from '../../../common/canonical.js';
import { HabsburgError } from '../../../common/errors.js';
import { formatBytes } from '../../../report/format.js';
import { untilInterrupted } from '../../interrupt.js';
import { positiveInteger, timeSpan } from '../../options.js';
import { nowAndThen, printJson } from '../../output.js';
import { STORE_OPTION, resolveStoreUrl } from '../../store-option.js';
import { counted, list } from '../../words.js';

interface Options {
  readonly store?: string;
  readonly apply?: string;
  readonly keepLast?: string;
  readonly olderThan?: number;
  readonly grace?: number;
  readonly wait: number;
  readonly allowShrink?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const GRACE_MS = 7 * 24 * 3600_000;
/** Digits of a plan's digest that are printed. */
const DIGITS = 12;

export function registerGc(parent: Command): void {
  parent
    .command('gc')
    .description('plan what nothing leads to any more, and say it; with --apply DIGEST do what that plan says; safe beside runs')
    .option('--apply <digest>', 'delete what the plan of this digest names, so far as nothing leads to it by now')
    .option('--keep-last <n>', 'let go of experiments but the n that were written to last; those that are pinned stay')
    .option(
      '--older-than <time>',
      'let go of experiments that nobody wrote to for so long (30d); those that are pinned stay',
      timeSpan('--older-than'),
    ) // prettier-ignore
    .option('--grace <time>', 'what is younger stays, and what a run used within that time (default: 7d)', timeSpan('--grace'))
    .option('--wait <time>', 'with --apply: how long to wait for steps that write just now', timeSpan('--wait'), 10 * 60_000)
    .option('--allow-shrink', 'with --apply: go on where documents lead to less than half of what they led to the last time')
    .option('--json', 'print JSON')
    .option('--quiet', 'no progress')
    .option(...STORE_OPTION)
    .action((options: Options) => untilInterrupted((signal) => execute(options, signal)));
}

async function execute(options: Options, signal: AbortSignal): Promise<void> {
  const url = resolveStoreUrl(options.store);
  if (!hasBegun(url)) throw new HabsburgError('notFound', `there is no store at ${url}`);
  const store = openArtifactStore(url);
  if (options.apply !== undefined) return apply(store, options.apply, options, signal);
  const { keepLast, olderThan, grace = GRACE_MS } = options;
  const { digest, plan } = await planCollection(store, {
    grace,
    ...(keepLast === undefined ? {} : { keepLast: positiveInteger('--keep-last', keepLast) }),
    ...(olderThan === undefined ? {} : { olderThan }),
  });
  const { files, ...rest } = plan;
  if (options.json)
    printJson('store-gc', { store: store.objects.url, digest, ...rest, files: files.length, shrunk: shrunk(plan) });
  else process.stdout.write(planText(plan, digest, store.objects.url));
}

async function apply(store: ArtifactStore, digits: string, options: Options, signal: AbortSignal): Promise<void> {
  for (const [flag, given] of Object.entries({
    '--keep-last': options.keepLast,
    '--older-than': options.olderThan,
    '--grace': options.grace,
  }))
    // prettier-ignore
    if (given !== undefined)
      throw new HabsburgError('invalid', `${flag} belongs to the plan; make one with it, and apply that by its digest`);
  const tell = nowAndThen(options.quiet);
  const { wait, allowShrink } = options;
  const done = await collect(store, digits, { wait, allowShrink, signal, progress: (what) => tell(() => what) });
  if (options.json) printJson('store-gc', { store: store.objects.url, applied: digits, ...done });
  else process.stdout.write(doneText(done, digits, store.objects.url));
}

function planText(plan: Collection, digest: Digest, url: string): string {
  const { files, bytes, experiments, checkpoints, live } = plan;
  const nothing = files.length + experiments.length + checkpoints.length === 0;
  const led = `Documents lead to ${counted(live.files, 'file')}, ${formatBytes(live.bytes)}`;
  if (nothing) return `${led}. Nothing is to be collected in ${url}.\n`;
  const short = digest.slice('sha256:'.length, 'sha256:'.length + DIGITS);
  const lines = [
    ...(experiments.length > 0 ? [`Experiments that go: ${list(experiments, 20)}.`] : []),
    `${led}; nothing leads to ${counted(files.length, 'file')}, ${formatBytes(bytes)}, that may go.`,
    ...(checkpoints.length > 0 ? [`Checkpoints of ${counted(checkpoints.length, 'step')} are left over.`] : []),
    ...(shrunk(plan)
      ? ['They led to more than twice as much the last time, or lead to nothing: look whether that is meant.']
      : []),
    `Nothing was deleted. To do so: habsburg store gc --apply ${short}${shrunk(plan) ? ' --allow-shrink' : ''}`,
  ];
  return `${lines.join('\n')}\n`;
}

function doneText({ files, bytes, kept, steps, waitsFor }: Collected, digits: string, url: string): string {
  if (waitsFor > 0)
    return `${counted(waitsFor, 'step')} began before, and may need what was moved to the trash; nothing was deleted yet. Later: habsburg store gc --apply ${digits}\n`;
  const needed = kept > 0 ? ` ${counted(kept, 'file')} of the plan stay: something leads to them by now, or they are new.` : '';
  return `${url}: ${counted(files, 'file')}, ${formatBytes(bytes)}, and the records of ${counted(steps, 'step')} are gone.${needed}\n`;
}
