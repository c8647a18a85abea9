/** What an encoder is to the rest of the engine. Adding one is one file here plus a row in encoders/index.ts. */
import type { Graph } from '../graph/graph.js';
import type { Value } from '../graph/types.js';
import type { ConfigReader } from '../models/config.js';
import type { Parameters, ParameterSpec } from '../models/types.js';

/** What is common to encoders; each architecture's own config extends it. */
export interface EncoderConfig {
  readonly modelType: string;
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  /** longest sequence, in tokens, special ones included */
  readonly maxPositions: number;
  /** what a padded place holds: any id, since nothing looks there */
  readonly paddingId: number;
}

export interface EncoderInputs {
  /** (B, T) int32 token ids, padded on the right */
  readonly ids: Value;
  /** added to the scores of (B, heads, T, T), as (B, 1, 1, T): 0 where there is a token, float32's minimum where padding is */
  readonly mask: Value;
}

export interface EncoderArchitecture<C extends EncoderConfig = EncoderConfig> {
  /** config.json's model_type */
  readonly modelType: string;
  /** @throws HabsburgError `invalid` naming the field that is not supported */
  parseConfig(read: ConfigReader): C;
  /** every parameter that the last hidden states depend on */
  parameters(config: C): readonly Pick<ParameterSpec, 'name' | 'shape'>[];
  /** names in a file -> our names; undefined: what lies behind the last hidden states (a pooler, a head), or a buffer */
  canonicalName(name: string): string | undefined;
  /** (B·T, hiddenSize) last hidden states */
  hidden(graph: Graph, config: C, parameters: Parameters, inputs: EncoderInputs): Value;
  /** the head of its sequence classifiers; absent: none is known */
  readonly classifier?: ClassifierHead;
}

/** What a sequence classifier has behind its first token's last hidden state: two linear layers, an activation between them. */
export interface ClassifierHead {
  /** as config.json's architectures has it */
  readonly architecture: string;
  /** the layers' names in the file */
  readonly inner: string;
  readonly outer: string;
  readonly activation: 'tanh' | 'relu';
}
