/** The tokenizer in a GGUF file's metadata, byte-level BPE or SentencePiece's, as the tokenizer.json and tokenizer_config.json that say the same. */
import { HabsburgError } from '../../common/errors.js';
import type { GgufMetadata, GgufValue } from '../checkpoint/gguf.js';
import { wordsWith } from './patterns.js';
import { mergesOfScores, sentencePieceSteps } from './sentencepiece.js';
import { addedToken, bpeTokenizerJson, byteLevel, sequence, type BpeJson, type Json } from './tokenizer-json.js';

const splitBy = (digits: string): Json => ({
  type: 'Split',
  pattern: { Regex: wordsWith(digits) },
  behavior: 'Isolated',
  invert: false,
});

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
  smollm: { pre_tokenizer: sequence('pretokenizers', { type: 'Digits', individual_digits: true }, byteLevel(true)) },
  'llama-bpe': {
    pre_tokenizer: sequence('pretokenizers', splitBy('\\p{N}{1,3}'), byteLevel(false)),
    ignoreMerges: true,
    beginning: true,
  },
  qwen2: { pre_tokenizer: sequence('pretokenizers', splitBy('\\p{N}'), byteLevel(false)), normalizer: { type: 'NFC' } },
};

/** llama.cpp's other names of the same. */
const ALIASES: Readonly<Record<string, string>> = {
  llama3: 'llama-bpe',
  'llama-v3': 'llama-bpe',
  falcon3: 'llama-bpe',
  pixtral: 'llama-bpe',
  'deepseek-r1-qwen': 'qwen2',
  'phi-2': 'gpt-2',
  gigachat: 'gpt-2',
};

/** ggml's token types. */
const [UNKNOWN, CONTROL, USER_DEFINED] = [2, 3, 4];

/** @throws HabsburgError `invalid` naming a kind of tokenizer that is not supported, `verification` for damaged metadata */
export function tokenizerOfGguf(metadata: GgufMetadata, path: string): { tokenizer: Json; config: Json } {
  const read = new Reader(metadata, path);
  const model = read.get('model');
  if (model !== 'gpt2' && model !== 'llama') {
    throw new HabsburgError(
      'invalid',
      `${path}: tokenizer.ggml.model ${JSON.stringify(model)} is not supported, only "gpt2" (byte-level BPE) and "llama" (SentencePiece's BPE); ${BESIDE}`,
    );
  }
  const tokens = read.strings('tokens');
  const tokenAt = (name: string): string | undefined => {
    const id = read.get(`${name}_token_id`);
    return id === undefined ? undefined : tokens[Number(id)];
  };
  const { beginsByDefault, ...bpe } = model === 'gpt2' ? byteLevelBpe(read) : sentencePieceBpe(read, tokens, tokenAt('unknown'));
  const beginning = tokenAt('bos');
  const begins = (read.get('add_bos_token') ?? beginsByDefault) === true && beginning !== undefined;
  const types = (read.get('token_type') ?? []) as readonly number[];
  const whole = model === 'gpt2' ? [CONTROL, USER_DEFINED] : [UNKNOWN, CONTROL, USER_DEFINED];
  const tokenizer = bpeTokenizerJson({
    ...bpe,
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    added: tokens.flatMap((content, id) =>
      whole.includes(types[id]) ? [addedToken(content, id, types[id] !== USER_DEFINED)] : [],
    ),
    beginning: begins ? { token: beginning, id: tokens.indexOf(beginning) } : undefined,
  });
  const chat = metadata.get('tokenizer.chat_template');
  const config = {
    ...(beginning === undefined ? {} : { bos_token: beginning }),
    ...(typeof chat === 'string' ? { chat_template: chat } : {}),
    clean_up_tokenization_spaces: false,
    ...(tokenAt('eos') === undefined ? {} : { eos_token: tokenAt('eos') }),
    ...(tokenAt('padding') === undefined ? {} : { pad_token: tokenAt('padding') }),
    ...(bpe.byteFallback === undefined ? {} : { unk_token: bpe.byteFallback.unknown }),
    tokenizer_class: 'PreTrainedTokenizerFast',
  };
  return { tokenizer, config };
}

const BESIDE = 'convert the model and put its own tokenizer.json beside it';

/** What is special about a kind of tokenizer. */
type Kind = Omit<BpeJson, 'vocab' | 'added' | 'beginning'> & {
  /** whether a text begins with the beginning token where the file does not say */
  readonly beginsByDefault: boolean;
};

function byteLevelBpe(read: Reader): Kind {
  const said = read.get('pre') ?? 'gpt-2';
  const pre = typeof said === 'string' && Object.hasOwn(ALIASES, said) ? ALIASES[said] : said;
  if (typeof pre !== 'string' || !Object.hasOwn(PRE_TOKENIZERS, pre))
    throw new HabsburgError(
      'invalid',
      `${read.path}: tokenizer.ggml.pre ${JSON.stringify(pre)} is not supported; known: ${Object.keys(PRE_TOKENIZERS).join(', ')}; ${BESIDE}`,
    );
  const row = PRE_TOKENIZERS[pre];
  return {
    preTokenizer: row.pre_tokenizer,
    normalizer: row.normalizer,
    ignoreMerges: row.ignoreMerges,
    beginsByDefault: row.beginning ?? false,
    merges: read.strings('merges').map((merge): [string, string] => {
      const space = merge.indexOf(' ', 1);
      return [merge.slice(0, space), merge.slice(space + 1)];
    }),
  };
}

function sentencePieceBpe(read: Reader, tokens: readonly string[], unknown = '<unk>'): Kind {
  const scores = read.get('scores');
  if (!Array.isArray(scores) || scores.length !== tokens.length || scores.some((score) => !Number.isFinite(score)))
    throw new HabsburgError('verification', `${read.path}: tokenizer.ggml.scores is no list of ${tokens.length} numbers`);
  if (!tokens.includes(unknown) || !tokens.includes('<0x00>'))
    throw new HabsburgError('invalid', `${read.path}: a SentencePiece vocabulary without ${tokens.includes(unknown) ? 'bytes' : unknown} is not supported; ${BESIDE}`); // prettier-ignore
  const { normalizer, decoder } = sentencePieceSteps((read.get('add_space_prefix') ?? true) === true);
  return {
    preTokenizer: null,
    normalizer,
    decoder,
    byteFallback: { unknown },
    beginsByDefault: true,
    merges: mergesOfScores(tokens, scores as readonly number[]),
  };
}

class Reader {
  constructor(
    readonly metadata: GgufMetadata,
    readonly path: string,
  ) {}

  get(name: string): GgufValue | undefined {
    return this.metadata.get(`tokenizer.ggml.${name}`);
  }

  strings(name: string): readonly string[] {
    const value = this.get(name);
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
      throw new HabsburgError('verification', `${this.path}: tokenizer.ggml.${name} is no list of strings`);
    return value as readonly string[];
  }
}
