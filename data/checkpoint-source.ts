/** A checkpoint by its source: a local folder or GGUF file, or a model repository of the Hub in its cache. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import type { SourceFile } from '../artifacts/types.js';
import type { Digest } from '../common/canonical.js';
import { fromSystemError, HabsburgError } from '../common/errors.js';
import { pathOfSource } from '../spec/sources.js';
import { HubSnapshot } from './hub.js';
import type { HubSettings } from './hub-settings.js';
import type { SourceOrigin } from './source.js';

/** What is needed of a checkpoint beside its weights: configuration, tokenizer in either form. */
const SETTINGS =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab)\.json$|^merges\.txt$/;
/** The same of a sentence encoder or a classifier: also how a text's hidden states become one vector. */
const ENCODER_SETTINGS =
  /^(config|tokenizer|tokenizer_config|special_tokens_map|modules|sentence_bert_config)\.json$|^[\w.-]+_Pooling\/config\.json$/;
/** Forms of weights, best first: only one is taken. PyTorch's is read as data; nothing in it is executed. */
const WEIGHTS = [
  /^model(-\d+-of-\d+)?\.safetensors$|^model\.safetensors\.index\.json$/,
  /^pytorch_model(-\d+-of-\d+)?\.bin$|^pytorch_model\.bin\.index\.json$/,
];
/** The same of an encoder: where it has none, a file that computes serves. */
const ENCODER_WEIGHTS = [...WEIGHTS, /^(onnx[/\\])?model\.onnx([._]data)?$/];

export interface ResolvedCheckpoint {
  /** holds config.json, the weights and the tokenizer's files, or one GGUF file with all of them; read only */
  readonly folder: string;
  /** names of those files in it */
  readonly files: readonly string[];
  /** `hf://OWNER/NAME@COMMIT`; absent for a local folder, whose artifact digest says what it is */
  readonly source?: string;
}

/**
 * @param uri `file:/absolute/folder`, `file:/absolute/model.gguf` or `hf://OWNER/NAME@REVISION`
 * @throws 'notFound' where it has no config.json or no weights
 */
export async function resolveCheckpoint(uri: string, hub?: HubSettings): Promise<ResolvedCheckpoint> {
  if (uri.startsWith('file:')) {
    const path = folderOf(uri);
    const isFile = await stat(path).then(
      (found) => found.isFile(),
      () => false,
    );
    if (isFile || path.endsWith('.gguf')) return { folder: dirname(path), files: [basename(path)] };
    return localFolder(path, uri, SETTINGS);
  }
  return ofHub(uri, 'no checkpoint; write file:FOLDER, file:MODEL.gguf or hf://OWNER/NAME@REVISION', SETTINGS, hub);
}

/**
 * A sentence encoder in the layout of sentence-transformers, or a sequence classifier in transformers'.
 * @param uri `file:/absolute/folder` or `hf://OWNER/NAME@REVISION`
 * @throws 'notFound' where it has no config.json or no weights
 */
export async function resolveEncoder(uri: string, hub?: HubSettings): Promise<ResolvedCheckpoint> {
  if (uri.startsWith('file:')) return localFolder(folderOf(uri), uri, ENCODER_SETTINGS);
  return ofHub(uri, 'no encoder; write file:FOLDER or hf://OWNER/NAME@REVISION', ENCODER_SETTINGS, hub);
}

function folderOf(uri: string): string {
  const folder = pathOfSource(uri);
  if (!isAbsolute(folder)) throw new HabsburgError('invalid', `${uri}: the path is not absolute`);
  return folder;
}

async function localFolder(folder: string, uri: string, settings: RegExp): Promise<ResolvedCheckpoint> {
  const names = await readdir(folder, { recursive: settings === ENCODER_SETTINGS }).catch((error: unknown) => {
    throw fromSystemError(error, `reading the ${settings === SETTINGS ? 'checkpoint' : 'encoder'} ${folder}`);
  });
  const wanted = wantedOf(names, uri, settings);
  return { folder, files: names.filter((name) => wanted.has(name)).sort() };
}

async function ofHub(uri: string, otherwise: string, settings: RegExp, hub?: HubSettings): Promise<ResolvedCheckpoint> {
  const match = /^hf:\/\/([\w.-]+\/[\w.-]+)@([\w./-]+)$/.exec(uri);
  if (!match || match[2].split('/').includes('..')) throw new HabsburgError('invalid', `${uri} is ${otherwise}`);
  const snapshot = await HubSnapshot.open({ type: 'model', name: match[1] }, match[2], hub);
  const listed = await snapshot.list();
  const wanted = wantedOf(
    listed.map((file) => file.path),
    uri,
    settings,
  );
  const files = listed.filter((file) => wanted.has(file.path));
  for (const file of files) await snapshot.get(file);
  return { folder: snapshot.folder, files: files.map((file) => file.path), source: `hf://${match[1]}@${snapshot.commit}` };
}

/** The files among `names` that are needed. */
function wantedOf(names: readonly string[], uri: string, settings: RegExp): ReadonlySet<string> {
  if (!names.includes('config.json'))
    throw new HabsburgError('notFound', `${uri} has no config.json; name a folder or repository in Hugging Face's layout`);
  const encoder = settings === ENCODER_SETTINGS;
  const forms = encoder ? ENCODER_WEIGHTS : WEIGHTS;
  const weights = forms.find((form) => names.some((name) => form.test(name) && !name.endsWith('.json')));
  if (weights === undefined)
    throw new HabsburgError(
      'notFound',
      `${uri} has neither model.safetensors nor pytorch_model.bin${encoder ? ', nor model.onnx' : ''}`,
    );
  return new Set(names.filter((name) => settings.test(name) || weights.test(name)));
}

/** A checkpoint down to its files. @param digests of them */
export async function originOfCheckpoint(
  given: string,
  { folder, source: uri }: ResolvedCheckpoint,
  digests: Readonly<Record<string, Digest>>,
): Promise<SourceOrigin> {
  const names = Object.keys(digests);
  // a model file of its own is known by what it holds, whatever it is called
  const alone = names.length === 1;
  const files: SourceFile[] = [];
  for (const name of names) {
    const file = join(folder, name);
    files.push({ path: alone ? 'model.gguf' : name, digest: digests[name], size: (await stat(file)).size, source: { file } });
  }
  const name = uri?.replace(/^hf:\/\//, '').replace(/@.*$/, '') ?? (alone ? names[0] : basename(folder));
  return { given, name, ...(uri === undefined ? {} : { uri }), files };
}
