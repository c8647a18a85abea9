/** lineage verify: hashes everything that an artifact came from, and looks at every statement on the way. */
import type { Command } from 'commander';
import { readLog, type Log } from '../../../artifacts/log.js';
import { HabsburgError } from '../../../common/errors.js';
import { readTextFile } from '../../../common/text-file.js';
import { TARGET, findTarget } from '../../../lineage/target.js';
import { checkShares } from '../../../lineage/share.js';
import { checkTrust, withoutExcused, type KeptHead, type Trust } from '../../../lineage/trust.js';
import { verifyLineage, type Verdict } from '../../../lineage/verify.js';
import { formatBytes } from '../../../report/format.js';
import { visible } from '../../../report/text.js';
import { readHead } from '../../../signing/checkpoint.js';
import type { TrustPolicy } from '../../../signing/trust.js';
import { KEYS_OPTION } from '../../keys-option.js';
import { TRUST_OPTION, trustOf, type TrustOptions } from '../../trust-option.js';
import { untilInterrupted } from '../../interrupt.js';
import { markTold, nowAndThen, printJson } from '../../output.js';
import { STORE_OPTION } from '../../store-option.js';
import { counted, list } from '../../words.js';
import { openLineage, type LineageOptions } from './support.js';

interface Options extends LineageOptions, TrustOptions {
  readonly head?: readonly string[];
}

export function registerVerify(parent: Command): void {
  parent
    .command('verify')
    .description(
      'hash everything that an artifact came from and check every statement on the way; exit code 3 where something is wrong',
    )
    .argument('<what>', TARGET)
    .option(...TRUST_OPTION)
    .option(...KEYS_OPTION)
    .option(
      '--head <file...>',
      'heads of the log that were kept elsewhere (habsburg lineage log): the log must have grown from there',
    )
    .option('--json', 'print JSON')
    .option('--quiet', 'print what is wrong alone')
    .option(...STORE_OPTION)
    .action((what: string, options: Options) => untilInterrupted((signal) => execute(what, options, signal)));
}

async function execute(what: string, options: Options, signal: AbortSignal): Promise<void> {
  const policy = await trustOf(options);
  const heads = await Promise.all((options.head ?? []).map(readKept));
  const { store, graph } = await openLineage(options, signal);
  const of = await findTarget(store, graph, what);
  const tell = nowAndThen(options.quiet);
  const walked = await verifyLineage(store, graph, of, {
    signal,
    progress: (bytes) => tell(() => `${formatBytes(bytes)} hashed`),
  });
  // a share is computed from what has just been hashed
  const shares = walked.verdicts.length > 0 ? [] : await checkShares(store, graph, of);
  const log = await readLog(store);
  const { verdicts: who, ...trust } = await checkTrust(store, graph, of, { policy, log, heads });
  const found = { ...walked, ...trust, verdicts: [...withoutExcused(walked.verdicts, policy), ...shares, ...who] };
  const { verdicts, removed, artifacts, steps, statements, sources, bytes } = found;
  if (options.json) printJson('lineage-verify', { store: store.objects.url, of, ...found });
  else if (verdicts.length > 0) process.stdout.write(textOf(verdicts, policy));
  else if (!options.quiet)
    process.stdout.write(`${what}: ${counted(artifacts, 'artifact')}, ${counted(steps, 'step')}, ${counted(statements, 'statement')} and ${counted(sources, 'source')} are what they say; ${formatBytes(bytes)} hashed.\n${signedText(found.signedBy, policy)}${loggedText(log, trust)}`); // prettier-ignore
  if (removed.length > 0 && !options.json && !options.quiet)
    process.stdout.write(`The bytes of ${counted(removed.length, 'file')} were removed by habsburg store gc, the last on ${removed.map(({ at }) => at).sort().at(-1)!.slice(0, 10)}; of these there is what is stated, and no bytes to hash.\n`); // prettier-ignore
  if (verdicts.length === 0) return;
  const error = new HabsburgError('verification', `the lineage of ${what} does not hold: ${counted(verdicts.length, 'thing')} cannot be believed`); // prettier-ignore
  if (options.json) markTold(error);
  throw error;
}

async function readKept(file: string): Promise<KeptHead> {
  const note = await readTextFile(file);
  return { from: file, note, size: readHead(note, file).size };
}

/** Of one key that is trusted by nobody a line, not one for each statement. */
function textOf(verdicts: readonly Verdict[], { keys }: TrustPolicy): string {
  const strangers = new Map<string, number>();
  const lines: string[] = [];
  for (const { verdict, what, keyid } of verdicts)
    if (verdict === 'untrusted' && keyid !== undefined && !keys.has(keyid)) strangers.set(keyid, (strangers.get(keyid) ?? 0) + 1);
    else lines.push(`${verdict}: ${visible(what)}\n`);
  for (const [keyid, count] of strangers)
    lines.push(`untrusted: ${counted(count, 'signature')} by the key ${keyid}, which is not trusted here; if you know whose it is, list it in a policy and give that with --trust (habsburg keys policy prints one where it signs)\n`); // prettier-ignore
  return lines.join('');
}

function signedText(signedBy: Trust['signedBy'], { keys }: TrustPolicy): string {
  const who = Object.entries(signedBy).map(
    ([keyid, count]) => `${keys.get(keyid)?.name ?? `the key ${keyid.slice(0, 12)}`} (${count})`,
  );
  return who.length === 0 ? '' : `Signed by ${visible(list(who))}.\n`;
}

function loggedText({ heads }: Log, { unlogged, gone }: Pick<Trust, 'unlogged' | 'gone'>): string {
  const head = heads.at(-1);
  const logged = head ? `The log has ${counted(head.size, 'statement')}` : 'The store has no log yet';
  const out = unlogged > 0 ? `; ${counted(unlogged, 'statement')} of these ${unlogged === 1 ? 'is' : 'are'} not in it yet` : '';
  return `${logged}${out}${gone.length > 0 ? `; ${counted(gone.length, 'statement')} in it ${gone.length === 1 ? 'is' : 'are'} gone, others say the same` : ''}.\n`;
}
