/** What activities take and give. Workflows import these as types alone. */
import type { ArtifactRef, ArtifactStore, CodeIdentity } from '../artifacts/types.js';
import type { Digest } from '../common/canonical.js';
import type { Signer } from '../signing/envelope.js';
import type { SourceClaim } from '../spec/source-claims.js';
import type { SourceDigests } from '../spec/sources.js';
import type { RunJob } from '../engines/run-job.js';
import type { Device } from '../engine/devices.js';
import type { ScratchOf, JobReport } from '../kinds/host/types.js';
import type { KindPlans } from '../kinds/plans.js';
import type { LanguageModelPlan, TextDataPlan, TokenizerPlan } from '../kinds/text/plan.js';
import type { ExperimentPlan, RunPlan, StepMember } from '../spec/plan.js';
import type { HeldOut } from '../spec/mixes.js';
import type { SamplePlan, Term } from '../spec/mixture.js';
import type { OperatorPlan } from '../spec/operator-plan.js';
import type { ChainDataPlan, ChainPart } from '../kinds/chains/plan.js';
import type { ResultDocument } from '../spec/documents.js';
import type { Scored } from '../spec/scored.js';

/** Where a step stands; with its inputs and parameters it determines the step's key. */
export interface StepPlace {
  /** URL of the artifact store */
  readonly store: string;
  readonly seed: number;
  readonly generation: number;
  readonly member: string;
  readonly checkpointSeconds: number;
  /** what computes; absent: what the worker is set to */
  readonly device?: Device;
  /** fingerprint of the engine that is to compute; absent: whichever asks for work */
  readonly engine?: string;
  /** hash every file of a finished step before it is believed, however large: one was found damaged after it had been believed */
  readonly deep?: boolean;
}

export interface StepResult {
  readonly key: Digest;
  /** whether a verified earlier result was used */
  readonly cached: boolean;
  readonly outputs: Readonly<Record<string, ArtifactRef>>;
  readonly report: JobReport;
}

export type PrepareInput = PrepareTextInput | PrepareDataInput;

/** Real data of any kind that prepares them by itself (kinds/host/index.ts). */
export interface PrepareDataInput {
  readonly kind: Exclude<keyof KindPlans, 'text'>;
  readonly place: StepPlace;
  readonly data: KindPlans[PrepareDataInput['kind']]['data'];
  /** what the local sources held when the experiment was started */
  readonly sources?: SourceDigests;
  /** what its file says of them */
  readonly claims?: readonly SourceClaim[];
}

export interface PrepareTextInput {
  readonly kind: 'text';
  readonly place: StepPlace;
  readonly data: TextDataPlan;
  readonly tokenizer: TokenizerPlan;
  readonly base: LanguageModelPlan['base'];
  /** what the local sources held when the experiment was started */
  readonly sources?: SourceDigests;
  /** what its file says of them */
  readonly claims?: readonly SourceClaim[];
}

export interface SampleInput {
  readonly place: StepPlace;
  /** in generation 0 firstTerms: a sample of the real records */
  readonly terms: readonly Term[];
  /** records of each generation; absent in generation 0, whose sample is the same whatever comes after it, and where all are taken */
  readonly sample?: SamplePlan;
  /** what held in earlier generations, each up to `to`, where it was something else and new real records are drawn */
  readonly earlier?: readonly (Pick<SampleInput, 'terms' | 'sample'> & { readonly to: number })[];
  /** the validation or test set is drawn, not the training set; `sets` are of that split */
  readonly split?: HeldOut;
  /** the sets that the terms read in this generation, by setName; datasets, or selections of them */
  readonly sets: Readonly<Record<string, ArtifactRef>>;
}

/** Texts as a member reads them: in its tokens and blocks. */
export type ViewInput = ViewOfSet | ViewOfSource | ViewOfImages;

interface View {
  readonly reader: ArtifactRef;
  /** tokens a record at most, and how they are packed */
  readonly block: number;
  readonly packing: TextDataPlan['packing'];
}

/** What a member wrote. */
export interface ViewOfSet extends View {
  /** of the writer */
  readonly place: StepPlace;
  /** a dataset, or a selection */
  readonly set: ArtifactRef;
  readonly writer: ArtifactRef;
}

/** Other real texts than data.train. */
export interface ViewOfSource extends View {
  /** of nobody: seed and generation are 0 */
  readonly place: StepPlace;
  /** as data.train may name one */
  readonly source: string;
  /** what the local sources held when the experiment was started */
  readonly sources?: SourceDigests;
  /** what its file says of them */
  readonly claims?: readonly SourceClaim[];
  /** with packing: records */
  readonly template?: TextDataPlan['template'];
}

/** Other real images than data.train. */
export interface ViewOfImages extends Pick<ViewOfSource, 'place' | 'source' | 'sources' | 'claims'> {
  /** images of the size that they must have */
  readonly like: ArtifactRef;
}

export interface PostprocessInput {
  /** of who wrote the set; of the real data, who prepared them */
  readonly place: StepPlace;
  /** texts: a dataset, or a selection of them */
  readonly set: ArtifactRef;
  readonly operators: readonly OperatorPlan[];
  /** the texts are of this split, not of the training set; said where operators draw lots, which are a split's own */
  readonly split?: HeldOut;
  /** where operators need them: what the set was written with, and what it continues */
  readonly tokenizer?: ArtifactRef;
  readonly prompts?: ArtifactRef;
  /** that observations are under */
  readonly models?: { readonly writer?: ArtifactRef; readonly first?: ArtifactRef };
  /** that detection is by: what they are to learn from */
  readonly detectors?: { readonly writer?: DetectorTexts; readonly first?: DetectorTexts };
  /** sources of the detectors that operators name, by these names, and what the experiment's file says of them */
  readonly given?: Readonly<Record<string, string>>;
  readonly claims?: readonly SourceClaim[];
  /** as ScoreInput has it */
  readonly lossOn?: 'answer' | 'all';
}

/** Texts that a detector learns to tell apart, in the same tokens. */
export interface DetectorTexts {
  /** that wrote them */
  readonly of: Pick<StepPlace, 'seed' | 'generation' | 'member'>;
  readonly real: ArtifactRef;
  readonly written: ArtifactRef;
}

export interface FinetuneInput {
  readonly place: StepPlace;
  readonly family: StepMember['family'];
  /** datasets, or selections of records */
  readonly train: ArtifactRef;
  readonly valid: ArtifactRef;
  readonly start: { readonly model: ArtifactRef } | { readonly scratch: ScratchOf<StepMember>; readonly tokenizer?: ArtifactRef };
  readonly training: StepMember['training'];
}

export interface GenerateInput {
  readonly place: StepPlace;
  readonly family: StepMember['family'];
  readonly model: ArtifactRef;
  /** that the written records' tokens are of; absent of images */
  readonly tokenizer?: ArtifactRef;
  /** a dataset, or a selection of records */
  readonly prompts: ArtifactRef;
  /** records to write, the prompts from the first again where they do not suffice; absent: one a prompt */
  readonly count?: number;
  /** nothing is continued: texts are written from the start token, as many as there are prompts */
  readonly unprompted?: true;
  /** the prompts are of this split, not of the training set */
  readonly split?: HeldOut;
  readonly decoding: StepMember['decoding'];
  /** the second model of decoding.guidance */
  readonly guide?: ArtifactRef;
}

export interface ScoreInput extends Scored<ArtifactRef> {
  readonly place: StepPlace;
}

/** An evaluation that cannot be computed. */
export interface EvaluationFailure {
  readonly evaluation: string;
  /** of the failure: FAILURE_PREFIX and an ErrorKind */
  readonly type: string;
  readonly message: string;
}

/** `scores`: what the evaluations found, in one artifact. */
export interface ScoreResult extends StepResult {
  /** those that cannot be computed; they cost no other */
  readonly failures: readonly EvaluationFailure[];
  /** the digest of the metrics that were asked for */
  readonly metrics: Digest;
  /** what was observed, by tableName */
  readonly tables: Readonly<Record<string, ArtifactRef>>;
  /** of `observe` and `evaluate` steps: how many were computed, and how many there already */
  readonly counts: Readonly<Record<'observations' | 'evaluations', { readonly computed: number; readonly reused: number }>>;
}

/** What a run has left so far, as far as it is evaluated. */
export interface LeftInput {
  readonly store: string;
  /** the digest of the experiment's plan */
  readonly plan: Digest;
  readonly run: RunPlan;
  /** from this generation on; so many at most */
  readonly from: number;
  readonly most: number;
}

export interface Left {
  readonly generation: number;
  readonly members: readonly {
    readonly name: string;
    /** spec/documents.ts `leftBy` */
    readonly of: Digest;
    readonly input: Omit<ScoreInput, 'place'>;
  }[];
}

export interface SimulateInput extends ChainPart {
  /** `generation`: the first; `seed`: the first */
  readonly place: StepPlace;
  /** members that move on with it */
  readonly tied?: readonly ChainPart[];
  readonly data?: ChainDataPlan;
  /** what the local sources held when the experiment was started */
  readonly sources?: SourceDigests;
  /** what its file says of them */
  readonly claims?: readonly SourceClaim[];
  readonly seeds: readonly number[];
  /** the last generation */
  readonly to: number;
  /** the chains after generation place.generation - 1 */
  readonly state?: ArtifactRef;
}

/** Idempotent: the same record again changes nothing. */
export interface RecordInput {
  readonly store: string;
  /** versions are filled in */
  readonly document: ResultDocument;
  /** fingerprint of the engine that its steps are for; absent: this worker's */
  readonly engine?: string;
}

/** Activities of the loop; the implementations are made by createActivities. */
export interface Activities {
  prepare(input: PrepareInput): Promise<StepResult>;
  view(input: ViewInput): Promise<StepResult>;
  postprocess(input: PostprocessInput): Promise<StepResult>;
  sample(input: SampleInput): Promise<StepResult>;
  finetune(input: FinetuneInput): Promise<StepResult>;
  generate(input: GenerateInput): Promise<StepResult>;
  score(input: ScoreInput): Promise<ScoreResult>;
  simulate(input: SimulateInput): Promise<StepResult>;
  /**
   * The fingerprint of the engine that an experiment's steps are for.
   * @param input.plan to be the same when it is run again
   * @param input.queue of a member's own placement
   */
  chooseEngine(input: {
    readonly store: string;
    readonly plan?: Digest;
    readonly device?: Device;
    readonly queue?: string;
  }): Promise<string>;
  /**
   * @param input.document what the experiment's file said, in portable form
   * @returns the plan's digest, under which the runs' documents are filed
   */
  recordPlan(input: { readonly store: string; readonly plan: ExperimentPlan; readonly document?: unknown }): Promise<Digest>;
  record(input: RecordInput): Promise<void>;
  /** from now on results have these metrics, too */
  recordMetrics(input: { readonly store: string; readonly plan: ExperimentPlan }): Promise<void>;
  /** what a run has left, in the order of generations; none: there is no more */
  left(input: LeftInput): Promise<readonly Left[]>;
}

/** What activities need from the worker. */
export interface ActivityDependencies {
  /** the same store for the same url */
  openStore(url: string): ArtifactStore;
  readonly runJob: RunJob;
  /** names what computes on a device, as the engine said when the worker started; @throws HabsburgError where it has none such */
  engineFingerprint(device: Device): string;
  /** fingerprints of the engines whose workers serve this queue now, for the device that they are set to */
  livingEngines(): Promise<readonly string[]>;
  /** of steps that name none */
  readonly device: Device;
  /** what runs, as statements name it */
  readonly code: CodeIdentity;
  /** who signs what is stated */
  readonly signer: Signer;
  /** local folder for what a running step needs */
  readonly scratch: string;
}
