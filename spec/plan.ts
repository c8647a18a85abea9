/** What an experiment file expands into: plain data that travels to workflows and activities. Types only, no code. */

import type { DecodingPlan } from '../engine/generate/decoding.js';
import type { OptimizerPlan } from '../engine/train/optimizers/index.js';
import type { SchedulePlan } from '../engine/train/schedule.js';
import type { SelectionPlan, StepPlan } from '../engine/train/settings.js';
import type { ConfigPlan } from './architectures.js';
import type { EngineId } from '../engines/registry.js';
import type { Device } from './devices.js';
import type { MixturePlan, SamplePlan } from './mixture.js';
import type { OperatorPlan } from './operator-plan.js';
import type { Phase } from './phases.js';
import type { SimulationPlan, SimulationRunPlan } from './simulation/plan.js';
import type { SourceClaim } from './source-claims.js';
import type { SourceDigests } from './sources.js';
import type { TemplatePlan } from './templates.js';

/** Any experiment: expensive models, a step an activity; or cheap ones, blocks of whole chains an activity. */
export type AnyExperimentPlan = ExperimentPlan | SimulationPlan;
export type AnyRunPlan = RunPlan | SimulationRunPlan;

/** An experiment with expensive models, a step an activity, after validation, defaults filled in, relative paths made absolute. */
export interface ExperimentPlan {
  readonly kind?: undefined;
  readonly schemaVersion: 1;
  /** also the experiment's id: [a-z0-9][a-z0-9-]*, at most 60 characters */
  readonly name: string;
  readonly title?: string;
  readonly seeds: readonly number[];
  /** the last generation: 0 fits real data, 1 … generations train on generated data */
  readonly generations: number;
  readonly data: AnyDataPlan;
  /** what its local files hold; absent before the plan is made ready to run */
  readonly sources?: SourceDigests;
  /** what its file says of its sources */
  readonly claims?: readonly SourceClaim[];
  readonly population: readonly AnyMemberPlan[];
  readonly conditions: readonly ConditionPlan[];
  readonly metrics: readonly MetricPlan[];
  readonly execution: ExecutionPlan;
}

/** One chain of generations: a condition and a seed. Its id is `<condition>/seed-<seed>`. */
export interface RunPlan {
  readonly kind?: undefined;
  readonly experiment: string;
  readonly id: string;
  readonly condition: string;
  readonly seed: number;
  readonly generations: number;
  readonly data: AnyDataPlan;
  readonly sources?: SourceDigests;
  readonly claims?: readonly SourceClaim[];
  /** the condition's mixture and overrides already applied */
  readonly members: readonly AnyMixedMember[];
  /** what changes from a generation on; absent where nothing does */
  readonly phases?: readonly Phase<AnyMixedMember>[];
  readonly metrics: readonly MetricPlan[];
  readonly execution: ExecutionPlan;
}

/** Text or images; all members of an experiment learn from the same. */
export type AnyDataPlan = DataPlan | ImageDataPlan;

export interface DataPlan {
  readonly kind?: undefined;
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
   * `records`: each line of a .jsonl file is a row of its own, through `template`; one of more than `block` tokens is left out
   */
  readonly packing: 'bos-line' | 'records';
  /** with packing: records */
  readonly template?: TemplatePlan;
  /** at most so many blocks of each split; absent: all */
  readonly limit: { readonly train?: number; readonly valid?: number; readonly test?: number };
  /** probabilities with which a line of each split is read; absent: all lines are */
  readonly subset?: SubsetPlan;
}

export interface SubsetPlan {
  readonly train: number;
  readonly valid: number;
  readonly test: number;
  readonly seed: number;
}

export interface ImageDataPlan {
  readonly kind: 'images';
  /** file:ABSOLUTE-PATH of an IDX file of images, perhaps compressed by gzip */
  readonly train: string;
  /** absent: a share of `train` is held out */
  readonly valid?: string;
  readonly test?: string;
  /** shares of the training file, drawn by lot once for all seeds; 0 where a file of its own is given */
  readonly heldOut: { readonly valid: number; readonly test: number };
  /** at most so many images of each split; absent: all */
  readonly limit: { readonly train?: number; readonly valid?: number; readonly test?: number };
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

/** A member of any family whose steps are activities. */
export type AnyMemberPlan = MemberPlan | VaeMemberPlan;

/** A member under a condition: with what it trains on. */
export type AnyMixedMember = AnyMemberPlan & { readonly mixture: MixturePlan };

/** A language model. */
export interface MemberPlan {
  readonly name: string;
  readonly family: 'language-model';
  readonly tokenizer: TokenizerPlan;
  readonly base:
    | { readonly kind: 'scratch'; readonly config: ConfigPlan }
    /** file:ABSOLUTE-DIR or hf://OWNER/NAME@REVISION: a Hugging Face checkpoint */
    | { readonly kind: 'checkpoint'; readonly source: string; readonly quantize?: PrecisionPlan };
  /** what generation t >= 1 starts from: the base, model 0, or model t-1 */
  readonly start: 'base' | 'generation-0' | 'previous';
  /** generation 0's training; the same as `training` where the file does not say otherwise */
  readonly generation0: TrainingPlan;
  readonly training: TrainingPlan;
  readonly decoding: DecodingPlan;
  /** what becomes of what it has written, before that joins the pool; absent: all of it joins */
  readonly postprocess?: readonly OperatorPlan[];
  /** what is continued: the real blocks that model 0 was trained on, or the blocks that model t was trained on */
  readonly prompts: 'original' | 'previous';
  /** training records of each generation; absent: as many as the real data have */
  readonly sample?: SamplePlan;
  /** where its steps are computed, where that is not as the experiment's `execution` says */
  readonly execution?: MemberExecutionPlan;
}

/** What a frozen base's matrices are kept in: blocks of 8- or 4-bit integers, or 16-bit floats. */
export type PrecisionPlan = '8bit' | '4bit' | 'fp16';
/** A variational autoencoder (Kingma & Welling 2013, arXiv:1312.6114) of grey images. */
export interface VaeMemberPlan {
  readonly name: string;
  readonly family: 'vae';
  readonly base: { readonly kind: 'scratch'; readonly architecture: VaeArchitecturePlan };
  /** what generation t >= 1 starts from: fresh weights, model 0, or model t-1 */
  readonly start: 'base' | 'generation-0' | 'previous';
  readonly generation0: VaeTrainingPlan;
  readonly training: VaeTrainingPlan;
  readonly decoding: VaeDecodingPlan;
  /** training records of each generation; absent: as many as the real data have */
  readonly sample?: SamplePlan;
  /** where its steps are computed, where that is not as the experiment's `execution` says */
  readonly execution?: MemberExecutionPlan;
}

export type VaeArchitecturePlan = {
  /** numbers of the latent code */
  readonly latent: number;
} &
  /** convolutions of 4 x 4 with stride 2, each halving the image; the decoder mirrors them */
  (
    | { readonly kind: 'conv'; readonly channels: readonly number[] }
    /** fully connected hidden layers of these widths; the decoder mirrors them */
    | { readonly kind: 'dense'; readonly hidden: readonly number[] }
  );

export interface VaeTrainingPlan
  extends SchedulePlan, OptimizerPlan, Pick<StepPlan, 'batch' | 'clip'>, Pick<SelectionPlan, 'select'> {
  /** weight of the Kullback-Leibler term (Higgins et al. 2017); 1: the evidence lower bound */
  readonly beta: number;
}

export interface VaeDecodingPlan {
  /** what is written for a latent code: the decoder's mean of every pixel, or black and white drawn from it */
  readonly pixels: 'mean' | 'bernoulli';
  /** images decoded together; part of the step's key, since it may change rounding */
  readonly batch: number;
}

export interface TrainingPlan extends SchedulePlan, OptimizerPlan, StepPlan, SelectionPlan {
  /** train a LoRA adapter and merge it into the model afterwards; absent or null: train all weights */
  readonly lora?: LoraPlan | null;
  /** with data.template: whether the prompt's tokens count in the losses too; absent without */
  readonly lossOn?: 'answer' | 'all';
  /** with data.template: records are joined and cut into rows of so many tokens; absent: one a row */
  readonly packing?: number;
}

/** A low-rank adapter, in PEFT's words. */
export interface LoraPlan {
  readonly rank: number;
  /** the adapter is scaled by alpha / rank */
  readonly alpha: number;
  /** share of the adapter's inputs dropped while training, in [0, 1) */
  readonly dropout: number;
  /** names of linear modules or their last parts, such as q_proj; or all-linear */
  readonly targets: readonly string[];
}

export interface ConditionPlan {
  readonly name: string;
  /** the population under this condition: the file's members with the condition's mixture and overrides applied and checked */
  readonly members: readonly AnyMixedMember[];
  /** the same from a generation on, with all that changed until then; absent where nothing does */
  readonly phases?: readonly Phase<AnyMixedMember>[];
}

/** A metric by name and variant, with settings that go into the result. */
export interface MetricPlan {
  readonly name: string;
  readonly variant: string;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
}

/** Of a member: its task queue, which is no part of anything's identity, and its device, which is. */
export interface MemberExecutionPlan {
  readonly queue?: string;
  readonly device?: Device;
}

/** Where and how fast; never part of a step's key, but for the device. */
export interface ExecutionPlan {
  /** runs at a time; absent: as many as the workers have slots */
  readonly concurrency?: number;
  /** a training or generation checkpoint is written at least so often */
  readonly checkpointSeconds: number;
  /** a step that is silent for so long is taken for dead and started again */
  readonly heartbeatSeconds: number;
  /** cpu: sample and book-keeping; engine: finetune, generate and score */
  readonly queues: { readonly cpu: string; readonly engine: string };
  /** what computes finetune, generate and score: part of their keys, since it changes rounding; absent: what the worker is set to */
  readonly device?: Device;
  /** the program that computes them; absent: the default one */
  readonly engine?: EngineId;
}
