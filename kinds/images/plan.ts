/** What an experiment's plan says of images and autoencoders: plain data, settings complete. Types only, no code. */
import type { VaeArchitecturePlan, VaeDecodingPlan, VaeTrainingPlan } from '../../engine/vae/settings.js';
import type { SamplePlan } from '../../spec/mixture.js';
import type { MemberExecutionPlan } from '../../spec/plan.js';

export interface ImageDataPlan {
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

/** A variational autoencoder (Kingma & Welling 2013, arXiv:1312.6114) of grey images. */
export interface VaePlan {
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
