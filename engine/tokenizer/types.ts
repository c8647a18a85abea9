/** What the rest of the house asks of a tokenizer. */
export interface Tokenizer {
  /** ids are 0 … size - 1 */
  readonly size: number;
  /** Token ids of a text; special tokens written out in the text are recognised, none are added. */
  encode(text: string): number[];
  /** The text of ids, special tokens included, no clean-up; ids beyond the vocabulary (a padded embedding) give nothing. */
  decode(ids: ArrayLike<number>): string;
  /** Ids that the model expects before a text of its own (tokenizer.json's post_processor), e.g. the beginning of a document. */
  readonly prefix: readonly number[];
  /** Ids that it puts behind one, e.g. BERT's [SEP]: encoders read them, a language model goes on without. */
  readonly suffix: readonly number[];
  /** Names of special tokens, which `encode` recognises in a text. */
  readonly specials: readonly string[];
  /** The id of one token as it stands in the vocabulary, e.g. "</s>". */
  idOf(token: string): number | undefined;
}
