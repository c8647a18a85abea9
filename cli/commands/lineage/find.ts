/** lineage find: what a file is, by its bytes alone. */
import type { Command } from 'commander';
import { measureFile } from '../../../artifacts/verified.js';
import { heldBy } from '../../../lineage/target.js';
import { formatBytes } from '../../../report/format.js';
import { untilInterrupted } from '../../interrupt.js';
import { printJson } from '../../output.js';
import { STORE_OPTION } from '../../store-option.js';
import { claimWords, openLineage, placesOf, stepWords, type LineageOptions } from './support.js';

export function registerFind(parent: Command): void {
  parent
    .command('find')
    .description(
      'the artifacts that a file is in, by its bytes: who made them, and which experiment they belong to; exit code 4 where there is none',
    ) // prettier-ignore
    .argument('<file>', 'a file, wherever it lies and whatever it is called')
    .option('--json', 'print JSON')
    .option('--quiet', 'no progress')
    .option(...STORE_OPTION)
    .addHelpText('after', '\nExample:\n  habsburg lineage find ~/Downloads/model.safetensors')
    .action((file: string, options: LineageOptions) => untilInterrupted((signal) => execute(file, options, signal)));
}

async function execute(file: string, options: LineageOptions, signal: AbortSignal): Promise<void> {
  const { digest, size } = await measureFile(file);
  const { store, graph } = await openLineage(options, signal);
  const found = heldBy(graph, digest, file).map((artifact) => ({
    artifact,
    steps: (graph.makers.get(artifact.digest) ?? []).map(({ step, key, member, generation, seed, statement }) => ({ step, key, member, generation, seed, statement })), // prettier-ignore
    claims: graph.claims.get(artifact.digest) ?? [],
    places: placesOf(graph, artifact.digest),
  }));
  if (options.json) return printJson('lineage-find', { store: store.objects.url, file: { digest, size }, found });
  const lines = found.flatMap(({ artifact, steps, claims, places }) => [
    `${artifact.kind} ${artifact.digest}, ${formatBytes(artifact.size)}`,
    ...steps.map((made) => `  made by ${stepWords(made)}, seed ${made.seed}, step ${made.key}`),
    ...claims.map((claim) => `  a source: ${claimWords(claim)}`),
    ...places.map((place) => `  ${place}`),
  ]);
  process.stdout.write(`${lines.join('\n')}\n`);
}
