/** Text by its source: a file, a dataset of the Hub, or the built-in synthetic language. Says exactly what was read, for the lineage. */
import { stat } from 'node:fs/promises';
import { basename, isAbsolute } from 'node:path';
import type { SourceFile } from '../artifacts/types.js';
import { measureFile } from '../artifacts/verified.js';
import { canonicalJson, sha256, type Digest } from '../common/canonical.js';
import { HabsburgError } from '../common/errors.js';
import { inThread } from '../common/thread.js';
import type { Truth } from '../evaluations/types.js';
import type { GrammarPlan } from '../kinds/text/plan.js';
import { pathOfSource, type SourceDigests } from '../spec/sources.js';
import type { Split } from './grammar.js';
import { HubSnapshot } from './hub.js';
import type { HubSettings } from './hub-settings.js';
import { assertUnchanged } from './identify.js';
import { isParquet } from './parquet.js';
import { localText, textDigests, type TextDigests, type TextPlace } from './text.js';

export interface ResolveOptions {
  /** which split of the experiment the text is for: the grammar's, and a Hub dataset's where the uri names none */
  readonly split: Split;
  /** for a template: rows of Parquet are records, in place of a column `text` */
  readonly records?: boolean;
  /** needed by `grammar:` */
  readonly grammar?: GrammarPlan;
  /** default: from the environment */
  readonly hub?: HubSettings;
  /** what the plan's local sources held when it was made ready: a file that holds something else now is refused */
  readonly sources?: SourceDigests;
  /** aborted: reading stops */
  readonly signal?: AbortSignal;
}

export interface ResolvedText {
  /** where to read it, as often as needed */
  readonly place: TextPlace;
  /** of the text, byte order marks and line ends aside */
  readonly digest: Digest;
  /** What was read, the same on every machine: digest, commit or settings in place of path, branch or default. */
  readonly source: string;
  /** what it was read from, for the lineage */
  readonly origin: SourceOrigin;
  /** the exact distribution of words, where the source has one */
  readonly truth?: Truth;
}

/** A source down to its bytes. */
export interface SourceOrigin {
  /** as the experiment's file names it */
  readonly given: string;
  /** what it is called where nobody says otherwise */
  readonly name: string;
  /** the same on every machine; absent where there is none */
  readonly uri?: string;
  readonly files: readonly SourceFile[];
}

/** A Hub dataset's usual names of the splits. */
const HUB_SPLIT: Readonly<Record<Split, string>> = { train: 'train', valid: 'validation', test: 'test' };

/**
 * @param uri `file:/absolute/path`, `hf://OWNER/NAME[/CONFIG]@REVISION[#SPLIT]` or `grammar:zipf`
 * @throws 'invalid' for another uri, text that is not UTF-8 or has changed; 'notFound', 'unreachable', 'verification' as they apply
 */
export async function resolveSource(uri: string, options: ResolveOptions): Promise<ResolvedText> {
  if (uri.startsWith('file:')) return readText(uri, options);
  if (uri.startsWith('hf:')) return readDataset(uri, options);
  if (uri === 'grammar:zipf') {
    if (!options.grammar) throw new HabsburgError('invalid', 'grammar:zipf needs its settings, data.grammar');
    const { vocabulary, zipf, seed, sentences } = options.grammar;
    const { split, grammar: plan } = options;
    const { digest, truth } = await grammarKnown(plan, split, options.signal);
    const source = `grammar:zipf?vocabulary=${vocabulary}&zipf=${zipf}&seed=${seed}&sentences=${sentences[split]}#${split}`;
    // its text is made wherever it is read: what is kept is what it is made of, and what has to come out
    const language = { kind: 'zipf', vocabulary, zipf, seed, sentences: sentences[split], split, text: digest };
    const bytes = Buffer.from(canonicalJson({ schema: 'habsburg.language/v1', ...language }), 'utf8');
    const file = { path: 'language.json', digest: sha256(bytes), size: bytes.byteLength, source: { bytes } };
    return {
      place: { kind: 'grammar', plan, split },
      digest,
      source,
      origin: { given: uri, name: 'zipf', uri: source, files: [file] },
      truth,
    };
  }
  throw new HabsburgError(
    'invalid',
    `${uri} is no data source; write file:PATH, hf://OWNER/NAME/CONFIG@REVISION or grammar:zipf`,
  );
}

/** Of the synthetic languages that this process has read last: every run asks. */
const grammarsKnown = new Map<string, Promise<{ readonly digest: Digest; readonly truth: Truth }>>();
const MAX_GRAMMARS_KNOWN = 24;

async function grammarKnown(plan: GrammarPlan, split: Split, signal: AbortSignal | undefined) {
  const name = canonicalJson({ plan, split });
  let known = grammarsKnown.get(name);
  if (known === undefined) {
    if (grammarsKnown.size === MAX_GRAMMARS_KNOWN) grammarsKnown.delete(grammarsKnown.keys().next().value!);
    // others may wait for the same: who asked first and is cancelled does not stop it
    known = inThread(new URL('./text.js', import.meta.url), 'grammarFacts', { plan, split });
    grammarsKnown.set(name, known);
    known.catch(() => grammarsKnown.delete(name));
  }
  const found = await known;
  signal?.throwIfAborted();
  return found;
}

/** A text file; its name in the lineage is the digest of its bytes. */
async function readText(uri: string, { sources, signal, records = false }: ResolveOptions): Promise<ResolvedText> {
  const path = pathOfSource(uri);
  if (!isAbsolute(path)) throw new HabsburgError('invalid', `file:${path}: the path is not absolute`);
  const place = await localText(path, records);
  const { text, file = (await measureFile(path)).digest } = isParquet(path)
    ? await inThread<TextDigests>(new URL('./text.js', import.meta.url), 'textDigests', place, signal)
    : await textDigests(place, signal);
  assertUnchanged(sources, uri, file);
  return { place, digest: text, source: `file:${file}`, origin: await originOfFile(uri, 'text', file) };
}

/**
 * A local file: an artifact by what it holds, whatever it is called.
 * @param path what it is in the artifact
 */
export async function originOfFile(given: string, path: string, digest: Digest): Promise<SourceOrigin> {
  const file = pathOfSource(given);
  const { size } = await stat(file);
  return { given, name: basename(file), files: [{ path, digest, size, source: { file } }] };
}

async function readDataset(uri: string, options: ResolveOptions): Promise<ResolvedText> {
  const match = /^hf:\/\/([\w.-]+\/[\w.-]+)(?:\/([\w.-]+))?@([\w./-]+?)(?:#([\w.-]+))?$/.exec(uri);
  if (!match || match[3].split('/').includes('..'))
    throw new HabsburgError('invalid', `${uri} is no dataset; write hf://OWNER/NAME/CONFIG@REVISION#SPLIT`);
  const [, name, config, revision] = match;
  const split = match[4] ?? HUB_SPLIT[options.split];
  const snapshot = await HubSnapshot.open({ type: 'dataset', name }, revision, options.hub);
  const parquet = (await snapshot.list()).filter((file) => file.path.endsWith('.parquet'));
  const wanted = parquet.filter((file) => isOf(file.path, config, split));
  if (wanted.length === 0) {
    const have =
      parquet
        .slice(0, 12)
        .map((file) => file.path)
        .join(', ') || 'none';
    throw new HabsburgError(
      'notFound',
      `${uri}: no Parquet file of ${config ? `configuration ${config}, ` : ''}split ${split}; the repository has: ${have}`,
    );
  }
  // train-00000-of-00003.parquet says how many there are; an offline cache may hold a part of them
  const shards = /-of-0*(\d+)\b/.exec(wanted[0].path)?.[1];
  if (shards !== undefined && Number(shards) !== wanted.length) {
    throw new HabsburgError(
      'notFound',
      `${uri}: ${wanted.length} of ${shards} files of split ${split} are there; unset HF_HUB_OFFLINE to download the others`,
    );
  }
  const files: SourceFile[] = [];
  for (const { path, hash } of wanted) files.push(await fileAt(await snapshot.get({ path, hash }), path, hash));
  const place: TextPlace = {
    kind: 'parquet',
    files: files.map(({ source }) => (source as { file: string }).file),
    ...(options.records && { records: true }),
  };
  const { text } = await inThread<TextDigests>(new URL('./text.js', import.meta.url), 'textDigests', place, options.signal);
  const source = `hf://${name}${config ? `/${config}` : ''}@${snapshot.commit}#${split}`;
  return { place, digest: text, source, origin: { given: uri, name, uri: source, files } };
}

/** @param hash as the Hub lists it: SHA-256 of a large file, git's SHA-1 of another; the file has been checked against it */
async function fileAt(file: string, path: string, hash: string): Promise<SourceFile> {
  if (hash.length !== 64) return { path, ...(await measureFile(file)), source: { file } };
  return { path, digest: `sha256:${hash}`, size: (await stat(file)).size, source: { file } };
}

/** Whether a Parquet file is of a configuration and split, by the Hub's usual layouts: CONFIG/SPLIT-…, CONFIG/SPLIT/…, data/SPLIT-…, SPLIT-…. */
function isOf(path: string, config: string | undefined, split: string): boolean {
  const inConfig =
    config === undefined
      ? path.replace(/^data\//, '')
      : path.startsWith(`${config}/`)
        ? path.slice(config.length + 1)
        : undefined;
  if (inConfig === undefined) return false;
  return inConfig.startsWith(split) && /^([-.][^/]*|\/[^/]*)$/.test(inConfig.slice(split.length));
}
