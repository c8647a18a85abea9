/** A Hugging Face checkpoint by its source: a local folder, or a model repository of the Hub in its cache. */
import { readdir } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { fromSystemError, HabsburgError } from '../common/errors.js';
import { HubSnapshot } from './hub.js';
import type { HubSettings } from './hub-settings.js';

/** What is needed of a checkpoint: configuration, tokenizer in either form, weights in safetensors. */
const WANTED =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|model\.safetensors\.index)\.json$|^merges\.txt$|^model(-\d+-of-\d+)?\.safetensors$/;

export interface ResolvedCheckpoint {
  /** holds config.json, *.safetensors and the tokenizer's files; read only */
  readonly folder: string;
  /** names of those files in it */
  readonly files: readonly string[];
  /** `hf://OWNER/NAME@COMMIT`; absent for a local folder, whose artifact digest says what it is */
  readonly source?: string;
}

/**
 * @param uri `file:/absolute/folder` or `hf://OWNER/NAME@REVISION`
 * @throws 'invalid' where it has no safetensors (pickled weights run code when opened, and are not read)
 */
export async function resolveCheckpoint(uri: string, hub?: HubSettings): Promise<ResolvedCheckpoint> {
  if (uri.startsWith('file:')) {
    const folder = uri.slice('file:'.length).replace(/^\/\/(?=\/)/, '');
    if (!isAbsolute(folder)) throw new HabsburgError('invalid', `${uri}: the path is not absolute`);
    const names = await readdir(folder).catch((error: unknown) => {
      throw fromSystemError(error, `reading the checkpoint ${folder}`);
    });
    check(names, uri);
    return { folder, files: names.filter((name) => WANTED.test(name)).sort() };
  }
  const match = /^hf:\/\/([\w.-]+\/[\w.-]+)@([\w./-]+)$/.exec(uri);
  if (!match || match[2].split('/').includes('..'))
    throw new HabsburgError('invalid', `${uri} is no checkpoint; write file:FOLDER or hf://OWNER/NAME@REVISION`);
  const snapshot = await HubSnapshot.open({ type: 'model', name: match[1] }, match[2], hub);
  const listed = await snapshot.list();
  check(
    listed.map((file) => file.path),
    uri,
  );
  const files = listed.filter((file) => WANTED.test(file.path));
  for (const file of files) await snapshot.get(file);
  return { folder: snapshot.folder, files: files.map((file) => file.path), source: `hf://${match[1]}@${snapshot.commit}` };
}

function check(names: readonly string[], uri: string): void {
  if (!names.includes('config.json'))
    throw new HabsburgError('notFound', `${uri} has no config.json; name a folder or repository in Hugging Face's layout`);
  if (names.some((name) => /^model(-\d+-of-\d+)?\.safetensors$/.test(name))) return;
  if (names.some((name) => name.endsWith('.bin'))) {
    throw new HabsburgError(
      'invalid',
      `${uri} has its weights in .bin files only, which run code when opened and are not read; save them once with transformers' save_pretrained (docs/data.md has the command) and name that folder`,
    );
  }
  throw new HabsburgError('notFound', `${uri} has no model.safetensors`);
}
