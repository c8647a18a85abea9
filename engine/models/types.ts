/** What an architecture is to the rest of the engine. Adding one is one file here plus a row in models/index.ts. */
import type { Graph } from '../graph/graph.js';
import type { Value } from '../graph/types.js';
import type { AttentionOptions } from './blocks.js';
import type { ConfigReader } from './config.js';
import type { GgufLayout } from './gguf.js';

/** config.json as it was read; what an architecture does not know is carried along unchanged. */
export type ConfigJson = Readonly<Record<string, unknown>>;

/** What is common to decoder-only language models; each architecture's own config extends it. */
export interface DecoderConfig {
  readonly modelType: string;
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  /** longest sequence, in tokens */
  readonly maxPositions: number;
  readonly paddingId?: number;
  /** by layer: how many tokens it looks back on, itself included, undefined: all; absent: all layers on all */
  readonly windows?: readonly (number | undefined)[];
  /** logits z become cap · tanh(z / cap); absent: they stay */
  readonly logitSoftcap?: number;
  /** the file's own content, written back on export */
  readonly json: ConfigJson;
}

/** The name of an output layer's own weight, where an architecture says nothing else. */
export const HEAD = 'lm_head.weight';

export interface ParameterSpec {
  /** Hugging Face's name, with its `model.` prefix */
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: Initializer;
  /** set for the weight of a linear module inside the layers, which an adapter may change: how it is stored */
  readonly linear?: 'out-in' | 'in-out';
}

export type Initializer =
  | { readonly kind: 'zeros' }
  | { readonly kind: 'ones' }
  /** normal(0, std); row `zeroRow` is zero (an embedding's padding row) */
  | { readonly kind: 'normal'; readonly std: number; readonly zeroRow?: number };

/** A graph's parameters by name; asking for one creates the graph's input (or constant) on first use. */
export type Parameters = (name: string) => Value;

export interface DecoderInputs {
  /** (B, T) int32 token ids */
  readonly ids: Value;
  /** (B, T) int32 positions from 0, counted without padding; a padded place holds -1 */
  readonly positions: Value;
  /** all positions are below it; absent: below maxPositions */
  readonly positionCount?: number;
  /**
   * Where there is no `attention`: added to the scores, broadcast to (B, heads, T, S): 0 where a query may look, float32's minimum where
   * not; of a layer that looks back so many tokens only.
   */
  readonly mask: (window?: number) => Value;
  /**
   * Attention of a layer between its projections (blocks.ts, attention); generation looks at a cache here. Absent: to the keys and
   * values of this call, under `mask`.
   */
  readonly attention?: (projected: readonly Value[], options: AttentionOptions) => Value;
  /** Called with what a layer's branches add to the residual stream (N, d), in order, while training with dropout. */
  readonly dropout?: (branch: Value) => Value;
  /** Called with each linear module's name, input (N, in) and output (N, out); gives the output that an adapter makes of it. */
  readonly adapt?: (module: string, x: Value, y: Value) => Value;
}

/** Fields of config.json by what they are the size of. */
export type SizeFields = Readonly<Record<'hidden' | 'layers' | 'heads' | 'positions', string>>;

export const SIZE_FIELDS: SizeFields = {
  hidden: 'hidden_size',
  layers: 'num_hidden_layers',
  heads: 'num_attention_heads',
  positions: 'max_position_embeddings',
};

export interface Architecture<C extends DecoderConfig = DecoderConfig> {
  /** config.json's model_type */
  readonly modelType: string;
  /** what its config.json calls a decoder's sizes, where that is not SIZE_FIELDS */
  readonly sizeFields?: SizeFields;
  /** linear modules that PEFT puts a LoRA adapter on where nobody says which */
  readonly loraTargets: readonly string[];
  /** absent: llama.cpp does not know it, or we do not know how llama.cpp writes it */
  readonly gguf?: GgufLayout;
  /**
   * Asks for every field that it obeys, whatever the others say: a field that nobody asks for is one that has no effect.
   * @throws HabsburgError `invalid` naming the field that is not supported
   */
  parseConfig(read: ConfigReader): C;
  /** every parameter in a fixed order; a tied output layer is not listed again */
  parameters(config: C): readonly ParameterSpec[];
  /** names in a file -> our names; undefined: ignore (a buffer) */
  canonicalName(name: string): string | undefined;
  /** (B·T, headInput) hidden states, ready for the output layer */
  hidden(graph: Graph, config: C, parameters: Parameters, inputs: DecoderInputs): Value;
  /** name of the output layer's own weight, where that is not HEAD */
  readonly head?: string;
  /** name of the output layer's weight (V, headInput): its own, or the embedding's that it is tied to */
  headWeight(config: C): string;
}
