/**
 * The older form of GPT-2's kind of tokenizer, vocab.json and merges.txt with the special tokens in tokenizer_config.json (OPT's on
 * the Hub), as the tokenizer.json that says the same.
 */
import { HabsburgError } from '../../common/errors.js';
import { addedToken, bpeTokenizerJson, byteLevel, type Json } from './tokenizer-json.js';

const SPECIALS = ['bos_token', 'eos_token', 'unk_token', 'pad_token'] as const;

/**
 * @param config tokenizer_config.json's content
 * @param where the folder, for messages
 * @throws HabsburgError `invalid` for a tokenizer of another kind
 */
export function tokenizerOfVocabulary(
  vocab: Readonly<Record<string, number>>,
  merges: string,
  config: Json,
  where: string,
): Json {
  const kind = config.tokenizer_class;
  if (kind !== undefined && !/^GPT2Tokenizer(Fast)?$/.test(String(kind)))
    throw new HabsburgError(
      'invalid',
      `${where}: tokenizer_class ${JSON.stringify(kind)} needs a tokenizer.json; save it once with transformers`,
    );
  const contentOf = (name: string): string | undefined => {
    const token = config[name];
    return typeof token === 'string' ? token : ((token as { content?: string } | null | undefined)?.content ?? undefined);
  };
  const specials = [...new Set(SPECIALS.map(contentOf).filter((token) => token !== undefined))];
  const added = specials.map((content) => {
    if (!Object.hasOwn(vocab, content))
      throw new HabsburgError('invalid', `${where}: the special token ${JSON.stringify(content)} is not in vocab.json`);
    return addedToken(content, vocab[content]);
  });
  const bos = contentOf('bos_token');
  const begins = config.add_bos_token === true && bos !== undefined;
  return bpeTokenizerJson({
    vocab,
    merges: merges.split('\n').filter((line) => line !== '' && !line.startsWith('#version')),
    added,
    preTokenizer: byteLevel(true, config.add_prefix_space === true),
    beginning: begins ? { token: bos, id: vocab[bos] } : undefined,
  });
}
