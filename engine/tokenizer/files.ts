/** Tokenizer files as Hugging Face reads them (tokenizer.json, tokenizer_config.json): written after training, read before use. */
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import { HabsburgError, fromSystemError } from '../../common/errors.js';
import { isGguf, openGguf } from '../checkpoint/gguf.js';
import { ByteLevelBpe } from './bpe.js';
import { tokenizerOfGguf } from './gguf.js';
import { addedToken, bpeTokenizerJson, byteLevel } from './tokenizer-json.js';
import type { BpeModel } from './train-bpe.js';
import type { Tokenizer } from './types.js';
import { tokenizerOfVocabulary } from './vocab-merges.js';

interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly single_word: boolean;
  readonly special?: boolean;
}

interface PreTokenizerJson {
  readonly type: string;
  readonly add_prefix_space?: boolean;
  readonly use_regex?: boolean;
  readonly individual_digits?: boolean;
  readonly pattern?: { readonly Regex: string };
  readonly behavior?: string;
  readonly invert?: boolean;
  readonly pretokenizers?: readonly PreTokenizerJson[];
}

/** The parts of tokenizer.json that decide whether it is plain byte-level BPE. */
interface TokenizerJson {
  readonly added_tokens: readonly AddedToken[];
  readonly normalizer: unknown;
  readonly pre_tokenizer: PreTokenizerJson | null;
  readonly decoder: { readonly type: string } | null;
  readonly model: {
    readonly type: string;
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly (string | readonly [string, string])[];
    readonly dropout?: number | null;
    readonly continuing_subword_prefix?: string | null;
    readonly end_of_word_suffix?: string | null;
    readonly ignore_merges?: boolean;
    readonly byte_fallback?: boolean;
  };
}

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
 * Loads a folder's tokenizer, or a GGUF file's. Plain byte-level BPE (OPT, GPT-2, and ours) is encoded here, faster and exact to the byte; every
 * other kind goes through `@huggingface/tokenizers`, without its clean-up of spaces, which would edit the corpus.
 * @throws HabsburgError('notFound') without a tokenizer.json, ('verification') when it is damaged, ('invalid') when unsupported
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const inside = await isGguf(folder);
  const file = inside ? folder : join(folder, 'tokenizer.json');
  const json = (inside
    ? (await readGgufTokenizer(folder)).tokenizer
    : await readFolder(folder, file)) as unknown as TokenizerJson;
  if (typeof json?.model?.vocab !== 'object' || !Array.isArray(json.added_tokens)) {
    throw new HabsburgError('verification', `${file}: no model.vocab and added_tokens; this is no tokenizer.json`);
  }
  const library = openLibrary(file, json);
  const prefix = prefixOf(library);
  const specials = json.added_tokens.filter(({ special }) => special).map(({ content }) => content);
  if (isPlainByteLevelBpe(json)) {
    const merges = json.model.merges.map((merge) => (typeof merge === 'string' ? (merge.split(' ') as [string, string]) : merge));
    return new ByteLevelBpe(
      new Map(Object.entries(json.model.vocab)),
      merges,
      new Map(json.added_tokens.map((token) => [token.content, token.id])),
      prefix,
      specials,
    );
  }
  const ids = [...Object.values(json.model.vocab), ...json.added_tokens.map((token) => token.id)];
  return {
    size: ids.reduce((max, id) => Math.max(max, id), -1) + 1,
    prefix,
    specials,
    encode: (text) => library.encode(text, { add_special_tokens: false }).ids,
    decode: (tokens) => (tokens.length === 0 ? '' : library.decode(Array.from(tokens), { skip_special_tokens: false })),
    idOf: (token) => library.token_to_id(token),
  };
}

/** What the post-processor puts before a text, found by trying one. */
function prefixOf(library: LibraryTokenizer): number[] {
  const bare = library.encode('a', { add_special_tokens: false }).ids;
  const full = library.encode('a', { add_special_tokens: true }).ids;
  return full.slice(0, Math.max(0, full.indexOf(bare[0])));
}

function isPlainByteLevelBpe({ model, pre_tokenizer, normalizer, decoder, added_tokens }: TokenizerJson): boolean {
  const settings = [
    model.dropout,
    model.continuing_subword_prefix,
    model.end_of_word_suffix,
    model.ignore_merges,
    model.byte_fallback,
  ];
  return (
    model.type === 'BPE' &&
    settings.every((value) => !value) &&
    normalizer === null &&
    pre_tokenizer?.type === 'ByteLevel' &&
    !pre_tokenizer.add_prefix_space &&
    pre_tokenizer.use_regex !== false &&
    decoder?.type === 'ByteLevel' &&
    added_tokens.every((token) => !token.lstrip && !token.rstrip && !token.single_word)
  );
}

function openLibrary(file: string, json: TokenizerJson): LibraryTokenizer {
  try {
    return new LibraryTokenizer(
      { ...json, pre_tokenizer: withEveryNumeral(json.pre_tokenizer) },
      { clean_up_tokenization_spaces: false },
    );
  } catch (cause) {
    throw new HabsburgError('invalid', `${file}: unsupported tokenizer (${(cause as Error).message})`, { cause });
  }
}

/**
 * The library's Digits takes 0 to 9 for digits; the original takes every numeral (², ¾, Ⅷ), as this Split does.
 */
function withEveryNumeral(step: PreTokenizerJson | null): PreTokenizerJson | null {
  if (step?.type === 'Sequence') return { ...step, pretokenizers: step.pretokenizers!.map((inner) => withEveryNumeral(inner)!) };
  if (step?.type !== 'Digits') return step;
  const Regex = step.individual_digits ? '\\p{N}' : '\\p{N}+';
  return { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false };
}

/** tokenizer.json, or else what vocab.json, merges.txt and tokenizer_config.json say together. */
async function readFolder(folder: string, file: string): Promise<unknown> {
  const names = await readdir(folder).catch((): string[] => []);
  if (names.includes('tokenizer.json') || !names.includes('vocab.json') || !names.includes('merges.txt')) return readJson(file);
  const config = names.includes('tokenizer_config.json') ? await readJson(join(folder, 'tokenizer_config.json')) : {};
  const vocab = (await readJson(join(folder, 'vocab.json'))) as Record<string, number>;
  const merges = await readFile(join(folder, 'merges.txt'), 'utf8');
  return tokenizerOfVocabulary(vocab, merges, config as Record<string, unknown>, folder);
}

async function readJson(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw fromSystemError(error, `reading the tokenizer ${file}`);
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HabsburgError('verification', `${file}: not JSON (${(cause as Error).message})`, { cause });
  }
}
