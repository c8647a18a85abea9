/**
 * The family interface: a kind of generative model behind fit and generate. Files in, files out: a family runs
 * inside an engine's process (engines/), which can be killed at any moment, and knows no Temporal and no S3.
 */
import type { RngKey } from '../../common/philox.js';
import type { Device } from '../../engine/devices.js';
import type { ChainPart } from '../chains/plan.js';
import type { StepMember } from '../../spec/plan.js';

/** Progress of a long job; rendered by `watch` and carried by heartbeats. */
export interface Progress {
  /** what is going on, e.g. "train", "validate", "write" */
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  readonly unit: 'step' | 'record';
  readonly epoch?: number;
  /** of the latest step: nats a token, or nats an image */
  readonly loss?: number;
  readonly tokensPerSecond?: number;
  readonly imagesPerSecond?: number;
}

/** What the host offers a running job. */
export interface JobIo {
  progress(progress: Progress): void;
  /** whether enough time has passed since the last checkpoint; ask at a safe point */
  checkpointDue(): boolean;
  /** Calls `write` with an empty folder, then hands the folder over; resolves when it is safe in the store. */
  checkpoint(write: (folder: string) => Promise<void>): Promise<void>;
  readonly threads: number;
  /** default: cpu */
  readonly device?: Device;
}

/** What a member's base says of a model that starts from fresh weights. */
export type ScratchOf<M extends StepMember> = Extract<M['base'], { kind: 'scratch' }>;

export interface FitJob<M extends StepMember = StepMember> {
  readonly op: 'fit';
  readonly family: M['family'];
  /** folders of dataset artifacts */
  readonly train: string;
  readonly valid: string;
  /** a model artifact's folder, or an architecture to initialise (with the tokenizer artifact's folder, where there is one) */
  readonly start: { readonly model: string } | { readonly scratch: ScratchOf<M>; readonly tokenizer?: string };
  readonly training: M['training'];
  readonly rng: RngKey;
  /** where the model's files go */
  readonly out: string;
  /** a checkpoint folder of an earlier attempt */
  readonly resume?: string;
}

export interface GenerateJob<M extends StepMember = StepMember> {
  readonly op: 'generate';
  readonly family: M['family'];
  readonly model: string;
  /** folder of the second model of decoding.guidance */
  readonly guide?: string;
  /** a dataset folder: each record is continued; a family that continues nothing writes as many records as these */
  readonly prompts: string;
  /** records to write, the prompts from the first again where they do not suffice; absent: one a prompt; of each so many as its decoding's numReturnSequences */
  readonly count?: number;
  /** a token: nothing is continued, every record is written from this one alone and begins with it; as many as there are prompts */
  readonly begins?: number;
  readonly decoding: M['decoding'];
  readonly rng: RngKey;
  /** the dataset's files go here */
  readonly out: string;
  /** stamped on every record */
  readonly origin: { readonly member: string; readonly generation: number; readonly model: string };
  readonly resume?: string;
}

/** An observation (observations/) of every record of a dataset, by a model. */
export interface ObserveJob {
  readonly op: 'observe';
  readonly observation: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** '' where none looks */
  readonly model: string;
  readonly data: string;
  /** where its table goes */
  readonly out: string;
}

/** Whole chains of a cheap family: a block of seeds over a range of generations. */
export interface SimulateJob extends ChainPart {
  readonly op: 'simulate';
  readonly family: string;
  /** members of its family that move on with it, and where their measured values go */
  readonly tied?: readonly (ChainPart & { readonly outSeries: string })[];
  readonly seeds: readonly number[];
  /** first and last generation */
  readonly from: number;
  readonly to: number;
  /** folder of the chains' states after generation from - 1; absent from generation 0 */
  readonly state?: string;
  /** files of the real text, for n-grams */
  readonly text?: { readonly train: string; readonly test: string };
  /** where the states after `to` and the measured values go */
  readonly outState: string;
  readonly outSeries: string;
  readonly resume?: string;
}

export type Job = FitJob | GenerateJob | ObserveJob | SimulateJob;

/** Small numbers for the workflow's history and the result tables. */
export type JobReport = Readonly<Record<string, string | number | boolean | null>>;

/** @typeParam M what an experiment says of a member of this family */
export interface Family<M extends StepMember = StepMember> {
  readonly name: M['family'];
  fit(job: FitJob<M>, io: JobIo): Promise<JobReport>;
  generate(job: GenerateJob<M>, io: JobIo): Promise<JobReport>;
}
