/** Tokenizer files as Hugging Face reads them (tokenizer.json, tokenizer_config.json): written after training, read before use. */
import { copyFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HabsburgError, fromSystemError } from '../../common/errors.js';
import { readTextFile } from '../../common/text-file.js';
import { isGguf, openGguf } from '../checkpoint/gguf.js';
import { tokenizerOfGguf } from './gguf.js';
import { guarded, openTokenizer } from './pipeline.js';
import { addedToken, bpeTokenizerJson, byteLevel } from './tokenizer-json.js';
import type { BpeModel } from './train-bpe.js';
import type { Tokenizer } from './types.js';
import { tokenizerOfVocabulary } from './vocab-merges.js';

/** Writes tokenizer.json and tokenizer_config.json; `transformers` loads the folder. The same model gives the same bytes. */
export async function saveTokenizer(
  folder: string,
  model: BpeModel,
  options: { bos: string; eos: string; pad: string; maxLength: number },
): Promise<void> {
  const tokenizer = bpeTokenizerJson({
    vocab: Object.fromEntries(model.vocabulary.map((token, id) => [token, id])),
    merges: model.merges,
    added: model.specials.map((content, id) => addedToken(content, id)),
    preTokenizer: byteLevel(true),
  });
  const config = {
    bos_token: options.bos,
    clean_up_tokenization_spaces: false,
    eos_token: options.eos,
    model_max_length: options.maxLength,
    pad_token: options.pad,
    tokenizer_class: 'PreTrainedTokenizerFast',
  };
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer, null, 2));
  await writeFile(join(folder, 'tokenizer_config.json'), `${JSON.stringify(config, null, 2)}\n`);
}

/** What a model folder carries beside its weights, so that it can be used alone. */
const TOKENIZER_FILES = /^(tokenizer.*\.(json|model)|vocab\.json|merges\.txt|special_tokens_map\.json|added_tokens\.json|chat_template\.jinja)$/; // prettier-ignore

/** Copies a folder's tokenizer files, where there are any, or writes those of a GGUF file. */
export async function copyTokenizer(from: string, to: string): Promise<void> {
  if (await isGguf(from)) {
    const { tokenizer, config } = await readGgufTokenizer(from);
    await writeFile(join(to, 'tokenizer.json'), JSON.stringify(tokenizer, null, 2));
    await writeFile(join(to, 'tokenizer_config.json'), `${JSON.stringify(config, null, 2)}\n`);
    return;
  }
  try {
    for (const file of await readdir(from)) if (TOKENIZER_FILES.test(file)) await copyFile(join(from, file), join(to, file));
  } catch (error) {
    throw fromSystemError(error, `copying the tokenizer of ${from} to ${to}`);
  }
}

async function readGgufTokenizer(path: string): Promise<ReturnType<typeof tokenizerOfGguf>> {
  const { metadata } = await openGguf(path);
  return tokenizerOfGguf(metadata, path);
}

/**
 * Loads a folder's tokenizer, or a GGUF file's: the ids and texts that Hugging Face tokenizers gives, without a clean-up of spaces.
 * @throws HabsburgError('notFound') without a tokenizer.json, ('verification') when it is damaged, ('invalid') when unsupported
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  if (await isGguf(folder)) return openTokenizer((await readGgufTokenizer(folder)).tokenizer, folder);
  const file = join(folder, 'tokenizer.json');
  return openTokenizer(await readFolder(folder, file), file);
}

/** tokenizer.json, or else what vocab.json, merges.txt and tokenizer_config.json say together. */
async function readFolder(folder: string, file: string): Promise<unknown> {
  const names = await readdir(folder).catch((): string[] => []);
  if (names.includes('tokenizer.json') || !names.includes('vocab.json') || !names.includes('merges.txt')) return readJson(file);
  const config = names.includes('tokenizer_config.json') ? await readJson(join(folder, 'tokenizer_config.json')) : {};
  const vocab = await readJson(join(folder, 'vocab.json'));
  const merges = await readTextFile(join(folder, 'merges.txt'));
  return guarded(folder, () => tokenizerOfVocabulary(vocab as Record<string, number>, merges, config as Record<string, unknown>, folder)); // prettier-ignore
}

async function readJson(file: string): Promise<unknown> {
  const text = await readTextFile(file, { pipes: false });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HabsburgError('verification', `${file}: not JSON (${(cause as Error).message})`, { cause });
  }
}
