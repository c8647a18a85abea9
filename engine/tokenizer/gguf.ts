/** The byte-level BPE tokenizer in a GGUF file's metadata, as the tokenizer.json and tokenizer_config.json that it came from. */
import { HabsburgError } from '../../common/errors.js';
import type { GgufMetadata, GgufValue } from '../checkpoint/gguf.js';

type Json = Readonly<Record<string, unknown>>;

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
/** The patterns of Llama 3 and Qwen2, which differ in how many digits stay together. */
const splitBy = (digits: string): Json => ({
  type: 'Split',
  pattern: {
    Regex: `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
  },
  behavior: 'Isolated',
  invert: false,
});
const byteLevel = (use_regex: boolean): Json => ({ type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex });
const sequence = (...pretokenizers: Json[]): Json => ({ type: 'Sequence', pretokenizers });

interface PreTokenizer {
  readonly pre_tokenizer: Json;
  readonly normalizer?: Json;
  readonly ignoreMerges?: boolean;
  /** whether a text begins with the beginning token where the file does not say */
  readonly beginning?: boolean;
}

/** By tokenizer.ggml.pre: what splits a text into words before merging. */
const PRE_TOKENIZERS: Readonly<Record<string, PreTokenizer>> = {
  'gpt-2': { pre_tokenizer: byteLevel(true) },
  smollm: { pre_tokenizer: sequence({ type: 'Digits', individual_digits: true }, byteLevel(true)) },
  'llama-bpe': {
    pre_tokenizer: sequence(splitBy('\\p{N}{1,3}'), byteLevel(false)),
    ignoreMerges: true,
    beginning: true,
  },
  qwen2: { pre_tokenizer: sequence(splitBy('\\p{N}'), byteLevel(false)), normalizer: { type: 'NFC' } },
};

/** ggml's token types that are recognised as a whole in a text. */
const [CONTROL, USER_DEFINED] = [3, 4];

/** @throws HabsburgError `invalid` naming a kind of tokenizer that is not supported, `verification` for damaged metadata */
export function tokenizerOfGguf(metadata: GgufMetadata, path: string): { tokenizer: Json; config: Json } {
  const get = (name: string): GgufValue | undefined => metadata.get(`tokenizer.ggml.${name}`);
  const [model, pre] = [get('model'), get('pre') ?? 'gpt-2'];
  const beside = 'convert the model and put its own tokenizer.json beside it';
  if (model !== 'gpt2')
    throw new HabsburgError(
      'invalid',
      `${path}: tokenizer.ggml.model ${JSON.stringify(model)} is not supported, only "gpt2" (byte-level BPE); ${beside}`,
    );
  if (typeof pre !== 'string' || !Object.hasOwn(PRE_TOKENIZERS, pre))
    throw new HabsburgError(
      'invalid',
      `${path}: tokenizer.ggml.pre ${JSON.stringify(pre)} is not supported; known: ${Object.keys(PRE_TOKENIZERS).join(', ')}; ${beside}`,
    );
  const row = PRE_TOKENIZERS[pre];
  const strings = (name: string): readonly string[] => {
    const value = get(name);
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
      throw new HabsburgError('verification', `${path}: tokenizer.ggml.${name} is no list of strings`);
    return value as readonly string[];
  };
  const tokens = strings('tokens');
  const types = (get('token_type') ?? []) as readonly number[];
  const tokenAt = (name: string): string | undefined => {
    const id = get(`${name}_token_id`);
    return id === undefined ? undefined : tokens[Number(id)];
  };
  const beginning = tokenAt('bos');
  const begins = (get('add_bos_token') ?? row.beginning ?? false) === true && beginning !== undefined;
  const added = tokens.flatMap((content, id) =>
    types[id] === CONTROL || types[id] === USER_DEFINED
      ? [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: types[id] === CONTROL }]
      : [],
  );
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: row.normalizer ?? null,
    pre_tokenizer: row.pre_tokenizer,
    post_processor: begins ? beginningProcessor(beginning, tokens.indexOf(beginning)) : null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: row.ignoreMerges ?? false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: strings('merges').map((merge) => {
        const space = merge.indexOf(' ', 1);
        return [merge.slice(0, space), merge.slice(space + 1)];
      }),
    },
  };
  const chat = metadata.get('tokenizer.chat_template');
  const config = {
    ...(beginning === undefined ? {} : { bos_token: beginning }),
    ...(typeof chat === 'string' ? { chat_template: chat } : {}),
    clean_up_tokenization_spaces: false,
    ...(tokenAt('eos') === undefined ? {} : { eos_token: tokenAt('eos') }),
    ...(tokenAt('padding') === undefined ? {} : { pad_token: tokenAt('padding') }),
    tokenizer_class: 'PreTrainedTokenizerFast',
  };
  return { tokenizer, config };
}

function beginningProcessor(token: string, id: number): Json {
  const special = { SpecialToken: { id: token, type_id: 0 } };
  const part = (name: string, type_id: number): Json => ({ Sequence: { id: name, type_id } });
  return {
    type: 'TemplateProcessing',
    single: [special, part('A', 0)],
    pair: [special, part('A', 0), special, part('B', 1)],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}
