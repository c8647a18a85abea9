/** The skeleton of a tokenizer.json with a BPE model, which tokenizers that were trained here or stored in another form fill in. */

export type Json = Readonly<Record<string, unknown>>;

export interface BpeJson {
  /** token -> id */
  readonly vocab: Readonly<Record<string, number>>;
  /** pairs in order of rank */
  readonly merges: readonly (string | readonly [string, string])[];
  readonly added: readonly Json[];
  readonly normalizer?: Json;
  readonly preTokenizer: Json | null;
  readonly decoder?: Json;
  /** a token that is put before every text */
  readonly beginning?: { readonly token: string; readonly id: number };
  readonly ignoreMerges?: boolean;
  /** characters that the vocabulary lacks become their bytes, <0x00> …, or else this token */
  readonly byteFallback?: { readonly unknown: string };
}

/** ByteLevel as GPT-2 has it: a text is its bytes, split into words first where `use_regex` says so. */
export const byteLevel = (use_regex: boolean, add_prefix_space = false): Json => ({
  type: 'ByteLevel',
  add_prefix_space,
  trim_offsets: true,
  use_regex,
});

/** The steps of a Sequence, under the name that its kind has in the file. */
export const sequence = (kind: 'pretokenizers' | 'normalizers' | 'decoders', ...steps: readonly Json[]): Json => ({
  type: 'Sequence',
  [kind]: steps,
});

/** A token that is recognised as a whole in a text, before it is split or normalised. */
export function addedToken(content: string, id: number, special = true): Json {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special };
}

/** A tokenizer.json; the same arguments give the same bytes. */
export function bpeTokenizerJson(bpe: BpeJson): Json {
  const { vocab, merges, added, normalizer, preTokenizer, decoder, beginning, ignoreMerges, byteFallback } = bpe;
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: normalizer ?? null,
    pre_tokenizer: preTokenizer,
    post_processor: beginning === undefined ? null : beginningProcessor(beginning.token, beginning.id),
    decoder: decoder ?? byteLevel(true, true),
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: byteFallback?.unknown ?? null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: byteFallback !== undefined,
      byte_fallback: byteFallback !== undefined,
      ignore_merges: ignoreMerges ?? false,
      vocab,
      merges,
    },
  };
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
