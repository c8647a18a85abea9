/** lineage export: an artifact with what it came from, in a form that others' tools read. */
import { join, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { HabsburgError } from '../../../common/errors.js';
import { release } from '../../../common/version.js';
import { writeExport } from '../../../exports/files.js';
import { formats } from '../../../exports/index.js';
import { readSubject } from '../../../exports/subject.js';
import type { ExportFormat } from '../../../exports/types.js';
import { TARGET, oneTarget } from '../../../lineage/target.js';
import { formatBytes } from '../../../report/format.js';
import { MODEL_KEY_FILE, openModelKey, readModelKey } from '../../../signing/model-key.js';
import { refWords } from '../../../lineage/words.js';
import { untilInterrupted } from '../../interrupt.js';
import { keysFolder, type KeysOptions } from '../../keys-option.js';
import { nowAndThen, notes, printJson } from '../../output.js';
import { STORE_OPTION } from '../../store-option.js';
import { counted, list, shellCommand } from '../../words.js';
import { openLineage, type LineageOptions } from './support.js';

interface Options extends LineageOptions, KeysOptions {
  readonly as: string;
  readonly to: string;
  readonly key?: string;
}

export function registerExport(parent: Command): void {
  parent
    .command('export')
    .description("write an artifact with what it came from in a form that others' tools read, into a new folder")
    .argument('<what>', TARGET)
    .addOption(new Option('--as <format>', 'the form (below)').makeOptionMandatory().choices(formats.map(({ name }) => name)))
    .requiredOption('--to <folder>', 'a folder that is not there yet, or empty')
    .option(
      '--key <file>',
      'with --as oms: the ECDSA key over P-256 that signs, in PEM (default: one of this place, made at the first use)',
    )
    .option('--keys <dir>', 'folder of the key of this place (default: .habsburg/keys)')
    .option('--json', 'print JSON')
    .option('--quiet', 'no progress')
    .option(...STORE_OPTION)
    .addHelpText(
      'after',
      `\nFormats:\n${formats.map(formatLine).join('\n')}\n\nExample:\n  habsburg lineage export quickstart/replace/seed-1/5 --as ${formats[0].name} --to exported`,
    ) // prettier-ignore
    .action((what: string, options: Options) => untilInterrupted((signal) => execute(what, options, signal)));
}

const formatLine = ({ name, title, of }: ExportFormat): string => `  ${name.padEnd(14)}${title}${of ? `, of a ${of.join(' or ')}` : ''}`; // prettier-ignore

async function execute(what: string, options: Options, signal: AbortSignal): Promise<void> {
  const { as, to, key, json, quiet } = options;
  const format = formats.find(({ name }) => name === as)!;
  if (key !== undefined && as !== 'oms') throw new HabsburgError('invalid', `--key goes with --as oms: ${format.title} is not signed with it`); // prettier-ignore
  const { store, graph } = await openLineage(options, signal);
  const artifact = await oneTarget(store, graph, what);
  if (format.of && !format.of.includes(artifact.kind))
    throw new HabsburgError('invalid', `${refWords(artifact)} is no ${format.of.join(' or ')}, which is what --as ${as} takes; name another artifact, or another format`); // prettier-ignore
  const subject = await readSubject(store, graph, artifact);
  const files = await format.files(subject, {
    store,
    modelKey: () => (key === undefined ? openModelKey(join(keysFolder(options), MODEL_KEY_FILE)) : readModelKey(key)),
    version: release(),
  });
  const tell = nowAndThen(quiet);
  await writeExport(store, files, resolve(to), { signal, progress: (bytes) => tell(() => `${formatBytes(bytes)} written`) });
  if (subject.unattested.length > 0)
    notes(quiet)(`no statement says how ${list(subject.unattested.map(refWords))} was made: what it was made of is not in the export`); // prettier-ignore
  const { steps, sources, unattested } = subject;
  if (json) printJson('lineage-export', { store: store.objects.url, of: artifact, as, files: files.map(({ path }) => path).sort(), steps: steps.length, sources: sources.length, unattested }); // prettier-ignore
  else process.stdout.write(`${refWords(artifact)} with ${counted(steps.length, 'step')} and ${counted(sources.length, 'source')} as ${format.title}: ${counted(files.length, 'file')} in ${shellCommand([to])}\n`); // prettier-ignore
}
