/** store pin | unpin | pins: what stays in a store because somebody said so. */
import type { Command } from 'commander';
import { openArtifactStore } from '../../../artifacts/open.js';
import type { ArtifactRef } from '../../../artifacts/types.js';
import { pin, readPins, unpin, type Pin } from '../../../care/pins.js';
import { HabsburgError } from '../../../common/errors.js';
import { listExperiments } from '../../../documents/plans.js';
import type { LineageGraph } from '../../../lineage/graph.js';
import { TARGET, findTarget } from '../../../lineage/target.js';
import { untilInterrupted } from '../../interrupt.js';
import { notes, printJson } from '../../output.js';
import { STORE_OPTION, resolveStoreUrl } from '../../store-option.js';
import { table } from '../../table.js';
import { counted } from '../../words.js';
import { openLineage, type LineageOptions } from '../lineage/support.js';

interface Options extends LineageOptions {
  readonly reason: string;
}

export function registerPins(parent: Command): void {
  parent
    .command('pin')
    .description('keep something, with all that it was made of, whatever a policy says; of an experiment its documents, too')
    .argument('<name>', 'of the pin')
    .argument('<what>', `an experiment; EXPERIMENT/CONDITION/seed-N; ${TARGET}`)
    .requiredOption('--reason <text>', 'why, for whoever finds the pin')
    .option('--json', 'print JSON')
    .option('--quiet', 'print nothing')
    .option(...STORE_OPTION)
    .action((name: string, what: string, options: Options) => untilInterrupted((signal) => add(name, what, options, signal)));
  parent
    .command('unpin')
    .description('take a pin away; deletes nothing')
    .argument('<name>', 'of the pin')
    .option(...STORE_OPTION)
    .action((name: string, options: LineageOptions) => unpin(openArtifactStore(resolveStoreUrl(options.store)), name));
  parent
    .command('pins')
    .description('what is pinned, and why')
    .option('--json', 'print JSON')
    .option(...STORE_OPTION)
    .action(show);
}

async function add(name: string, what: string, options: Options, signal: AbortSignal): Promise<void> {
  const { store, graph } = await openLineage(options, signal);
  const experiment = (await listExperiments(store)).find((one) => one === what);
  const artifacts = experiment === undefined ? (ofRun(graph, what) ?? (await findTarget(store, graph, what))) : [];
  if (options.reason.trim() === '') throw new HabsburgError('invalid', '--reason is empty; say why it is kept');
  const one: Pin = {
    name,
    reason: options.reason,
    target: what,
    ...(experiment === undefined ? {} : { experiment }),
    artifacts: [...artifacts],
    pinned: new Date().toISOString(),
  };
  await pin(store, one);
  if (options.json) printJson('store-pin', { store: store.objects.url, ...one });
  else
    notes(options.quiet)(
      `${what} is pinned as ${name}${artifacts.length > 0 ? `: ${counted(artifacts.length, 'artifact')}` : ''}.`,
    );
}

/** Everything that the generations of a run left. */
function ofRun({ results }: LineageGraph, what: string): readonly ArtifactRef[] | undefined {
  const [, experiment, run] = /^([^/]+)\/([^/]+\/seeds?-[^/]+)$/.exec(what) ?? [];
  const of = results.filter((one) => one.experiment === experiment && one.run === run);
  const refs = of.flatMap(({ artifacts }) => Object.values(artifacts)).map(({ kind, digest, size }) => [digest, { kind, digest, size }] as const); // prettier-ignore
  return of.length > 0 ? [...new Map(refs).values()] : undefined;
}

async function show(options: LineageOptions): Promise<void> {
  const store = openArtifactStore(resolveStoreUrl(options.store));
  const pins = await readPins(store);
  if (options.json) return printJson('store-pins', { store: store.objects.url, pins });
  const rows = pins.map(({ name, target, pinned, reason }) => [name, target, pinned.slice(0, 10), reason]);
  const heads = ['pin', 'what', 'since', 'why'].map((title) => ({ title }));
  process.stdout.write(pins.length > 0 ? `${table(heads, rows)}\n` : `Nothing is pinned in ${store.objects.url}.\n`);
}
