/** What an experiment's plan says of texts and language models: plain data, settings complete. Types only, no code. */
import type { LoraPlan } from '../../engine/adapters/settings.js';
import type { Precision } from '../../engine/checkpoint/precision.js';
import type { DecodingPlan } from '../../engine/generate/decoding.js';
import type { TrainingSettings } from '../../engine/train/settings.js';
import type { Mixes } from '../../spec/mixes.js';
import type { SamplePlan } from '../../spec/mixture.js';
import type { OperatorPlan } from '../../spec/operator-plan.js';
import type { REAL_TEXT } from '../../spec/real-text.js';
import type { MemberExecutionPlan } from '../../spec/plan.js';
import type { ConfigPlan } from './architectures.js';
import type { TemplatePlan } from './templates.js';

export interface TextDataPlan {
  /** file:ABSOLUTE-PATH | hf://OWNER/NAME/CONFIG@REVISION#SPLIT | grammar:zipf (settings in `grammar`) */
  readonly train: string;
  readonly valid: string;
  readonly test: string;
  /** settings of the built-in grammar, where a source is `grammar:` */
  readonly grammar?: GrammarPlan;
  /** tokens a block */
  readonly block: number;
  /**
   * `bos-line`: </s> + line + "\n", a blank line </s> alone, lines concatenated, cut into blocks, remainder dropped (Nature's).
   * `records`: each line of a .jsonl file, or row of a Parquet file, is a row of its own, through `template`; one of more than `block` tokens is left out
   */
  readonly packing: 'bos-line' | 'records';
  /** with packing: records */
  readonly template?: TemplatePlan;
  /** at most so many blocks of each split; absent: all */
  readonly limit: { readonly train?: number; readonly valid?: number; readonly test?: number };
  /** shares of `train`'s text that are validation and test set, where they have no source of their own; absent: both have one */
  readonly heldOut?: HeldOutPlan;
  /** probabilities with which a line of each split is read; absent: all lines are */
  readonly subset?: SubsetPlan;
}

export interface HeldOutPlan {
  readonly valid?: number;
  readonly test?: number;
  /** with packing: records, of the lot */
  readonly seed?: number;
}

export interface SubsetPlan {
  readonly train: number;
  readonly valid: number;
  readonly test: number;
  readonly seed: number;
}

export interface GrammarPlan {
  readonly vocabulary: number;
  readonly zipf: number;
  readonly sentences: { readonly train: number; readonly valid: number; readonly test: number };
  readonly seed: number;
}

export type TokenizerPlan =
  /** train a byte-level BPE on data.train */
  | { readonly kind: 'bpe'; readonly vocabulary: number }
  /** the base model's own tokenizer.json */
  | { readonly kind: 'base' };

export interface LanguageModelPlan extends Mixes {
  readonly name: string;
  readonly family: 'language-model';
  readonly tokenizer: TokenizerPlan;
  readonly base:
    | { readonly kind: 'scratch'; readonly config: ConfigPlan }
    /** file:ABSOLUTE-DIR or hf://OWNER/NAME@REVISION: a Hugging Face checkpoint */
    | { readonly kind: 'checkpoint'; readonly source: string; readonly quantize?: Precision };
  /** what generation t >= 1 starts from: the base, model 0, or model t-1 */
  readonly start: 'base' | 'generation-0' | 'previous';
  /** generation 0's training; the same as `training` where the file does not say otherwise */
  readonly generation0: TrainingPlan;
  readonly training: TrainingPlan;
  readonly decoding: DecodingPlan;
  /** in place of what a model would write; absent: a model writes */
  readonly writes?: RealTextPlan;
  /** what becomes of what it has written, before that joins the pool; absent: all of it joins */
  readonly postprocess?: readonly OperatorPlan[];
  /** what is continued: the real blocks that model 0 was trained on, or the blocks that model t was trained on; none: nothing is */
  readonly prompts: 'original' | 'previous' | 'none';
  /** training records of each generation; absent: as many as the real data have */
  readonly sample?: SamplePlan;
  /** where its steps are computed, where that is not as the experiment's `execution` says */
  readonly execution?: MemberExecutionPlan;
}

/** Real records as if a model had written them. */
export interface RealTextPlan {
  readonly kind: typeof REAL_TEXT;
  /** so that they end where what the member writes would; absent: they do */
  readonly through?: readonly OperatorPlan[];
}

export interface TrainingPlan extends TrainingSettings {
  readonly lora?: LoraPlan | null;
  /** with data.template: whether the prompt's tokens count in the losses too; absent without */
  readonly lossOn?: 'answer' | 'all';
  /** with data.template: records are joined and cut into rows of so many tokens; absent: one a row */
  readonly packing?: number;
}
