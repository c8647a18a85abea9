/** lineage log: the head of a store's log, to be kept elsewhere, and whether the log has grown from one that was. */
import type { Command } from 'commander';
import { missingFrom, parting, readLog } from '../../../artifacts/log.js';
import { openArtifactStore } from '../../../artifacts/open.js';
import { signingKey } from '../../../artifacts/signing-keys.js';
import { HabsburgError } from '../../../common/errors.js';
import { readTextFile } from '../../../common/text-file.js';
import { verifierKey } from '../../../signing/checkpoint.js';
import { markTold, notes, printJson } from '../../output.js';
import { STORE_OPTION, resolveStoreUrl } from '../../store-option.js';
import { counted } from '../../words.js';

interface Options {
  readonly store?: string;
  readonly head?: readonly string[];
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function registerLog(parent: Command): void {
  parent
    .command('log')
    .description(
      'check the store’s log of statements from its first entry and print its newest head; kept elsewhere (a mail, a commit, a time stamp) it shows later whether anything was changed; exit code 3 where something is wrong', // prettier-ignore
    )
    .option('--head <file...>', 'heads that were kept: the log must have grown from there')
    .option('--json', 'print JSON: every head, and the key in the form that Go’s sumdb/note takes')
    .option('--quiet', 'print the head alone')
    .option(...STORE_OPTION)
    .addHelpText('after', '\nExample:\n  habsburg lineage log --quiet > head-2026-12-01.txt')
    .action(execute);
}

async function execute(options: Options): Promise<void> {
  const store = openArtifactStore(resolveStoreUrl(options.store));
  const log = await readLog(store);
  const problems = log.fault === undefined ? [] : [log.fault];
  for (const file of options.head ?? []) {
    const note = await readTextFile(file);
    const what = parting(log, note, file);
    if (what !== undefined) problems.push(what);
  }
  const missing = await missingFrom(store, log);
  const newest = log.heads.at(-1);
  const key = newest && (await signingKey(store, newest.keyid));
  if (options.json) {
    const heads = log.heads.map(({ root, ...head }) => ({ ...head, root: root.toString('hex') }));
    const verifier = newest && key ? verifierKey(newest.origin, key) : undefined;
    printJson('lineage-log', { store: store.objects.url, size: newest?.size ?? 0, waiting: log.waiting, missing, heads, verifier, problems }); // prettier-ignore
  } else {
    const note = notes(options.quiet);
    if (newest) process.stdout.write(newest.note);
    else note(`${store.objects.url} has no log yet: nothing was signed in it`);
    if (log.waiting > 0) note(`${counted(log.waiting, 'statement')} wait to be put into it; the next run does that`);
    // a statement that was damaged is done anew, and the log still names the old one
    for (const place of missing.slice(0, 20)) note(`logged, and not in the store: ${place}`);
    for (const what of problems) process.stdout.write(`log: ${what}\n`);
  }
  if (problems.length === 0) return;
  const error = new HabsburgError('verification', `the log of ${store.objects.url} is not what it was`);
  if (options.json) markTold(error);
  throw error;
}
