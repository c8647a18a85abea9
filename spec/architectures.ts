/** Fresh weights: the config.json that a model is made by, and the short form of OPT's. */

/** What a config.json says; token ids and the vocabulary's size come from the member's tokenizer. */
export type ConfigPlan = { readonly model_type: string } & Readonly<Record<string, unknown>>;

/** The decoders that the engine can make (engine/models/index.ts). */
export const MODEL_TYPES = ['opt', 'gpt2', 'llama', 'mistral', 'qwen2', 'gemma2'] as const;

/** Fields that come from the tokenizer. */
export const TOKENIZER_FIELDS: readonly string[] = ['vocab_size', 'bos_token_id', 'eos_token_id', 'pad_token_id'];

/** The names that a model type has for what is needed here. */
export function fieldsOf({ model_type }: ConfigPlan): Record<'hidden' | 'layers' | 'heads' | 'positions', string> {
  return model_type === 'gpt2'
    ? { hidden: 'n_embd', layers: 'n_layer', heads: 'n_head', positions: 'n_positions' }
    : {
        hidden: 'hidden_size',
        layers: 'num_hidden_layers',
        heads: 'num_attention_heads',
        positions: 'max_position_embeddings',
      };
}

/** OPT with pre-LN, ReLU, learned positions and tied embeddings, as `architecture` spells it. */
export interface OptShape {
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly ffn: number;
  readonly positions: number;
}

export function optConfig({ hidden, layers, heads, ffn, positions }: OptShape): ConfigPlan {
  return {
    architectures: ['OPTForCausalLM'],
    model_type: 'opt',
    hidden_size: hidden,
    word_embed_proj_dim: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    ffn_dim: ffn,
    max_position_embeddings: positions,
    do_layer_norm_before: true,
    activation_function: 'relu',
    dropout: 0,
    attention_dropout: 0,
    layerdrop: 0,
    enable_bias: true,
    layer_norm_elementwise_affine: true,
    init_std: 0.02,
    tie_word_embeddings: true,
    use_cache: true,
  };
}

/** Such as "opt (hidden 16, layers 1, heads 2, positions 32)"; what a config leaves to its default is left out. */
export function configWords(config: ConfigPlan): string {
  const said = Object.entries(fieldsOf(config)).flatMap(([word, field]) =>
    config[field] === undefined ? [] : [`${word} ${String(config[field])}`],
  );
  return `${config.model_type}${said.length > 0 ? ` (${said.join(', ')})` : ''}`;
}
