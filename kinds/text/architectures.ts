/** Fresh weights: the config.json that a model is made by, and the short form of OPT's. */
import { isHabsburgError } from '../../common/errors.js';
import { architectureOf, fieldsOf, modelTypes, parseConfig } from '../../engine/models/index.js';
import { SIZE_FIELDS, type DecoderConfig, type SizeFields } from '../../engine/models/types.js';

/** What a config.json says; token ids and the vocabulary's size come from the member's tokenizer. */
export type ConfigPlan = { readonly model_type: string } & Readonly<Record<string, unknown>>;

/** Fields that come from the tokenizer. */
export const TOKENIZER_FIELDS: readonly string[] = ['vocab_size', 'bos_token_id', 'eos_token_id', 'pad_token_id'];

/** Fields that say nothing about how a model computes, and may stand in a config all the same. */
const WITHOUT_EFFECT: readonly string[] = ['model_type', 'architectures'];

/** The names that a model type has for its sizes. */
export function sizeFieldsOf({ model_type }: ConfigPlan): SizeFields {
  return (modelTypes().includes(model_type) && architectureOf(model_type).sizeFields) || SIZE_FIELDS;
}

/** What is wrong with one field of a config, which may lie in another (`rope_parameters.factor`). */
export interface ConfigProblem {
  readonly field: string;
  /** absent: no field of that name has an effect on such a model */
  readonly problem?: string;
  /** the fields that have */
  readonly known: readonly string[];
}

/** A config as the engine will read it, or what it will refuse, or not look at. */
export function readConfig(config: ConfigPlan): { config?: DecoderConfig; problems: ConfigProblem[] } {
  const fields = fieldsOf(config.model_type);
  const known = [...fields].filter((field) => !TOKENIZER_FIELDS.includes(field));
  const nobodys = Object.keys(config).filter((field) => ![...fields, ...TOKENIZER_FIELDS, ...WITHOUT_EFFECT].includes(field));
  if (nobodys.length > 0) return { problems: nobodys.map((field) => ({ field, known })) };
  try {
    return { config: parseConfig({ ...config, vocab_size: ANY_VOCABULARY }, 'config'), problems: [] };
  } catch (error) {
    const { field, problem } = (isHabsburgError(error) ? error.details : undefined) ?? {};
    if (typeof field !== 'string' || typeof problem !== 'string') throw error;
    return { problems: [{ field, problem, known }] };
  }
}

/** Stands for the size that comes from the tokenizer. */
const ANY_VOCABULARY = 1000;

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
  const said = Object.entries(sizeFieldsOf(config)).flatMap(([word, field]) =>
    config[field] === undefined ? [] : [`${word} ${String(config[field])}`],
  );
  return `${config.model_type}${said.length > 0 ? ` (${said.join(', ')})` : ''}`;
}
