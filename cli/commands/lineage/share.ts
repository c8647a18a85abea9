/** lineage share: how much of what a model was fitted to people wrote. */
import type { Command } from 'commander';
import { appendLog } from '../../../artifacts/log.js';
import type { ArtifactRef, ArtifactStore } from '../../../artifacts/types.js';
import type { Digest } from '../../../common/canonical.js';
import { runningCode } from '../../../common/code.js';
import type { LineageGraph } from '../../../lineage/graph.js';
import type { Counted, ShareFacts } from '../../../lineage/share-statement.js';
import { attestShare, shareOf } from '../../../lineage/share.js';
import { TARGET, oneTarget } from '../../../lineage/target.js';
import { openSigner } from '../../../signing/signer.js';
import { KEYS_OPTION, keysFolder } from '../../keys-option.js';
import { refWords, shortOf } from '../../../lineage/words.js';
import { untilInterrupted } from '../../interrupt.js';
import { notes, printJson } from '../../output.js';
import { STORE_OPTION } from '../../store-option.js';
import { counted, list } from '../../words.js';
import { claimWords, openLineage, placesOf, type LineageOptions } from './support.js';

interface Options extends LineageOptions {
  readonly attest?: boolean;
  readonly keys?: string;
}

export function registerShare(parent: Command): void {
  parent
    .command('share')
    .description(
      'how much of what a model was fitted to people wrote: of the last fit, over its life, and through how many models the rest has gone', // prettier-ignore
    )
    .argument('<model>', TARGET)
    .option('--attest', 'state it beside the model in the store; lineage verify computes it again')
    .option('--json', 'print JSON')
    .option('--quiet', 'no progress')
    .option(...KEYS_OPTION)
    .option(...STORE_OPTION)
    .addHelpText('after', '\nExample:\n  habsburg lineage share quickstart/keep-10/seed-1/5')
    .action((model: string, options: Options) => untilInterrupted((signal) => execute(model, options, signal)));
}

async function execute(what: string, options: Options, signal: AbortSignal): Promise<void> {
  const { store, graph } = await openLineage(options, signal);
  const model = await oneTarget(store, graph, what);
  const share = await shareOf(store, graph, model);
  const statement = options.attest ? await attested(store, model, share, options) : undefined;
  if (options.json) printJson('lineage-share', { store: store.objects.url, model, ...share, ...(statement && { statement }) });
  else process.stdout.write(`${[refWords(model), ...placesOf(graph, model.digest).map((place) => `  ${place}`), ...shareText(graph, share)].join('\n')}\n`); // prettier-ignore
  if (statement && !options.json) notes(options.quiet)(`stated as ${statement}`);
}

async function attested(store: ArtifactStore, model: ArtifactRef, share: ShareFacts, options: Options): Promise<Digest> {
  const signer = openSigner(keysFolder(options));
  const statement = await attestShare(store, model, share, runningCode(), signer);
  await appendLog(store, signer);
  return statement;
}

export function shareText(graph: LineageGraph, { unit, lastFit, lifetime, depth, startDepth, sources }: ShareFacts): string[] {
  return [
    ...lastFitText(unit, lastFit),
    lifetimeText(unit, lifetime),
    ...(depth.length > 0 && lastFit ? [`Models that a text of the last fit has gone through: ${depthText(depth)}.`] : []),
    ...(startDepth ? [`Of the fit that it began from: ${depthText(startDepth)}.`] : []),
    ...(sources.length > 0 ? ['Sources, and who is said to have written them:'] : []),
    ...sources.map(({ digest, names, claim, claimedBy }) => {
      const claims = (graph.claims.get(`sha256:${digest.sha256}`) ?? []).map(claimWords);
      const who = {
        human: 'people',
        synthetic: 'a machine',
        unknown: 'nobody says (origin: in the experiment’s sources: says it)',
        contradictory: 'claims contradict each other',
      }[claim];
      const keys = [...new Set(claimedBy.map(({ key }) => key.slice(0, 12)))]; // prettier-ignore
      return `  ${names.length > 0 ? `${names.join(', ')}: ` : ''}source ${shortOf(`sha256:${digest.sha256}`)}, ${who}; ${claims.length > 0 ? claims.join(' | ') : 'nothing is claimed of it'}${keys.length > 0 ? `; signed by key ${keys.join(', ')}` : ''}`; // prettier-ignore
    }),
  ];
}

function lastFitText(unit: ShareFacts['unit'], lastFit: ShareFacts['lastFit']): string[] {
  if (!lastFit) return ['Last fit: none that is known; of what it was trained on nothing is said.'];
  const { exposures, humanShare, passes, atMost } = lastFit;
  const of = (one: Counted) => {
    const { tokens, bytes, records } = one;
    const text = unit === 'tokens' ? `${grouped(tokens)} tokens, ${grouped(bytes)} bytes, ` : '';
    return `${text}${counted(Number(records), 'record')}`;
  };
  const rows = (['human', 'synthetic', 'transformed', 'unknown'] as const).filter((origin) => lastFit[origin].records !== '0' || lastFit[origin].tokens !== '0'); // prettier-ignore
  return [
    `Last fit: ${rounded(humanShare)} human, of ${of(exposures)} seen in ${Number(passes)} passes${atMost ? ' at most' : ''}`,
    ...rows.map((origin) => `  ${origin}: ${of(lastFit[origin])}`),
  ];
}

function lifetimeText(unit: ShareFacts['unit'], { fits, start, lower, upper }: ShareFacts['lifetime']): string {
  const began = start === 'scratch' ? 'began with fresh weights' : 'began from a model whose training data are unknown';
  const bounds = lower === upper ? rounded(lower) : `between ${rounded(lower)} and ${rounded(upper)}`;
  return `Over its life: ${bounds} human, by ${unit}; ${counted(fits, 'fit')}, ${began}.`;
}

const depthText = (depth: ShareFacts['depth']): string =>
  list(
    depth.map(({ depth: k, share }) => `${k}: ${rounded(share)}`),
    12,
  );
const rounded = (share: string): string => String(Number(Number(share).toFixed(4)));
const grouped = (digits: string): string => Number(digits).toLocaleString('en');
