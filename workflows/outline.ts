/**
 * What an experiment will do, before it does it: runs, steps, which steps runs have in common, and how many tokens. It walks the
 * generations that the workflow walks (generation.ts), so the two cannot differ.
 */
import type { StepPlace } from '../activities/types.js';
import type { ArtifactRef } from '../artifacts/types.js';
import { digestOf, type Digest } from '../common/canonical.js';
import type { TrainingPlan } from '../kinds/text/plan.js';
import { conditionData, expandSteps } from '../spec/expand.js';
import { dataKind, stepMembers, stepPart } from '../spec/members.js';
import { mixesOf, type HeldOut } from '../spec/mixes.js';
import { memberOrder, sizeAt, trainedOn, writtenBy } from '../spec/mixture.js';
import { growthBy, needsOf, type OperatorPlan } from '../spec/operator-plan.js';
import { membersAt, stagesOf } from '../spec/phases.js';
import { writesRealText } from '../spec/real-text.js';
import type { ExperimentPlan, MixedStepMember, RunPlan, StepMember } from '../spec/plan.js';
import type { MemberState } from './contract.js';
import { memberGeneration, pastOutputs, scoreInput, type MemberStates, type StepCall } from './generation.js';

/** In the order in which a member's generation does them. */
const STEPS = ['prepare', 'view', 'sample', 'finetune', 'generate', 'postprocess', 'score'] as const;
export type StepName = (typeof STEPS)[number];

export interface OutlineStep {
  /** `prepare`, with several `prepare/<number>`, or RUN/g<generation>/<member>/<step> */
  readonly id: string;
  readonly step: StepName;
  readonly generation: number;
  /** '' for prepare, which members share */
  readonly member: string;
  /** ids of the steps whose output this one reads */
  readonly after: readonly string[];
  /** names what determines the step inside this experiment; equal digests are computed once */
  readonly determinedBy: Digest;
  /** the step of an earlier run that has the same determination */
  readonly sameAs?: string;
  /** tokens through the optimiser, tokens written, tokens scored: upper bounds; undefined where data.limit sets none */
  readonly tokens?: number;
}

export interface RunOutline {
  readonly run: string;
  readonly condition: string;
  readonly seed: number;
  readonly steps: readonly OutlineStep[];
}

export interface Outline {
  readonly experiment: string;
  /** one for each tokenizer and base checkpoint that members read and start with */
  readonly prepare: readonly OutlineStep[];
  readonly runs: readonly RunOutline[];
  readonly totals: {
    readonly runs: number;
    /** all steps, and those that are really computed */
    readonly steps: number;
    readonly computed: number;
    readonly trainTokens?: number;
    readonly writeTokens?: number;
    readonly scoreTokens?: number;
  };
}

/** What members do in generation 0, or in any later one, in order: each kind of step that one of the runs has there. */
export function stepsOfGeneration({ runs }: Outline, which: 0 | 'later'): StepName[] {
  const steps = runs.flatMap((run) => run.steps).filter(({ generation }) => (generation === 0) === (which === 0));
  const done = new Set(steps.map(({ step }) => step));
  return STEPS.filter((step) => done.has(step));
}

/** Outlines a plan. Token numbers are upper bounds from data.limit. */
export function outline(plan: ExperimentPlan): Outline {
  const prepare = preparations(plan);
  const first = new Map<Digest, string>();
  const runs = expandSteps(plan).map((run) => ({
    run: run.id,
    condition: run.condition,
    seed: run.seed,
    steps: runSteps(run, prepare).map((step) => {
      const sameAs = first.get(step.determinedBy);
      if (sameAs === undefined) first.set(step.determinedBy, step.id);
      return sameAs === undefined ? step : { ...step, sameAs };
    }),
  }));
  const all = runs.flatMap((run) => run.steps);
  const computed = all.filter((step) => step.sameAs === undefined);
  const tokensOf = (name: StepName) => total(computed.filter((step) => step.step === name));
  return {
    experiment: plan.name,
    prepare,
    runs,
    totals: {
      runs: runs.length,
      steps: all.length + prepare.length,
      computed: computed.length + prepare.length,
      ...present({ trainTokens: tokensOf('finetune'), writeTokens: tokensOf('generate'), scoreTokens: tokensOf('score') }),
    },
  };
}

function preparations(plan: ExperimentPlan): OutlineStep[] {
  const digests = new Set([
    ...stepMembers(plan).map((member) => preparedBy(plan.data, member)),
    ...plan.conditions.flatMap((condition) =>
      stepPart(condition).members.map((member) => preparedBy(conditionData(plan, condition), member)),
    ),
  ]);
  return [...digests].map((determinedBy, i) => ({
    id: digests.size === 1 ? 'prepare' : `prepare/${i + 1}`,
    step: 'prepare',
    generation: 0,
    member: '',
    after: [],
    determinedBy,
  }));
}

/** What a member starts from: the data, through its tokenizer, and its checkpoint. */
function preparedBy(of: ExperimentPlan['data'], member: StepMember): Digest {
  const data = of[dataKind(member)];
  if (member.family !== 'language-model') return digestOf({ data });
  const { tokenizer, base } = member;
  return digestOf({ data, tokenizer, ...(base.kind === 'checkpoint' && { base }) });
}

/** Sum of tokens, or undefined where a step's number is not known. */
export function total(steps: readonly OutlineStep[]): number | undefined {
  return steps.every((s) => s.tokens !== undefined) ? steps.reduce((sum, s) => sum + s.tokens!, 0) : undefined;
}

function present<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Tokens that a generation's steps handle at most; undefined where data.limit does not bound them, or no tokens are handled. */
interface Work {
  readonly finetune?: number;
  readonly generate?: number;
  readonly score?: number;
}

function workOf(run: RunPlan, member: MixedStepMember, generation: number, split?: HeldOut): Work {
  if (member.family !== 'language-model') return {};
  const { limit, block } = run.data.text!;
  const training = generation === 0 ? member.generation0 : member.training;
  const { maxNewTokens, numReturnSequences = 1 } = member.decoding;
  if (split) return limit[split] === undefined ? {} : { generate: limit[split] * numReturnSequences * maxNewTokens };
  const sampleAt = (name: string, t: number) => membersAt(run, t).find((one) => one.name === name)!.sample;
  if (limit.train === undefined && stagesOf(run).some(({ members }) => members.some(({ sample }) => sample === undefined)))
    return {};
  const n = (name: string, t: number): number => {
    const sample = sampleAt(name, t);
    return sample === undefined ? limit.train! : sizeAt(sample, t);
  };
  const prompts = writtenBy(member, membersAt(run, generation), generation) ?? limit.train!;
  const candidates = prompts * numReturnSequences;
  const written = Math.ceil((chosenAmong(member) ? prompts : candidates) * growthBy(postprocessOf(member)));
  const trained = trainedOn(member, n, generation, (name, t) => {
    const writer = membersAt(run, t).find((one) => one.name === name)!;
    const several = writer.family === 'language-model' && !chosenAmong(writer) ? writer.decoding.numReturnSequences : undefined;
    return n(name, t + 1) * (several ?? 1) * growthBy(postprocessOf(writer));
  });
  const tests = writesRealText(member) ? 0 : mixesOf(member).includes('test') ? 2 : 1;
  return {
    finetune: Number.isFinite(trained) ? rowsTrained(training, trained) * block : undefined,
    generate: candidates * maxNewTokens,
    score: limit.test === undefined ? undefined : limit.test * block * tests + written * maxNewTokens,
  };
}

/** Whether one of the candidates of each prompt joins the pool. */
function chosenAmong(member: MixedStepMember): boolean {
  return needsOf(postprocessOf(member)).candidates;
}

function postprocessOf(member: MixedStepMember): readonly OperatorPlan[] {
  return ('postprocess' in member ? member.postprocess : undefined) ?? [];
}

/** Rows that a training reads, with repetition. */
function rowsTrained({ epochs = 0, maxSteps, batch, accumulation }: TrainingPlan, rows: number): number {
  return maxSteps === undefined ? rows * epochs : maxSteps * batch * accumulation;
}

/** Walks a run's generations, every step's outputs named by what determines them. */
function runSteps(run: RunPlan, prepare: readonly OutlineStep[]): OutlineStep[] {
  const steps: OutlineStep[] = [];
  const by = new Map<Digest, OutlineStep>();
  const output = (step: OutlineStep, name: string): ArtifactRef => {
    const digest = digestOf({ by: step.determinedBy, name });
    by.set(digest, step);
    return { kind: 'dataset', digest, size: 0 };
  };
  const ask = (member: MixedStepMember, generation: number, step: StepName, { place, ...input }: StepInput): OutlineStep => {
    const after = [...new Set(refsIn(input).map((digest) => by.get(digest)!))];
    const made: OutlineStep = {
      id: `${run.id}/g${generation}/${member.name}/${input.split ? `${step}-${input.split}` : step}`,
      step,
      generation,
      member: member.name,
      after: after.map(({ id }) => id),
      determinedBy: digestOf({ step, generation: place.generation, member: place.member, seed: place.seed, input }),
    };
    const tokens = workOf(run, member, generation, input.split)[step as keyof Work];
    steps.push(tokens === undefined ? made : { ...made, tokens });
    return steps[steps.length - 1];
  };
  const prepared = (member: MixedStepMember): MemberState['prepared'] => {
    const digest = preparedBy(run.data, member);
    const of = (name: string) =>
      output(
        prepare.find(({ determinedBy }) => determinedBy === digest)!,
        name,
      );
    return { train: of('train'), valid: of('valid'), test: of('test'), tokenizer: of('tokenizer'), base: of('base') };
  };
  let states: MemberStates = Object.fromEntries(run.members.map((member) => [member.name, { prepared: prepared(member) }]));
  for (let t = 0; t <= run.generations; t++) {
    const after: Record<string, MemberState> = {};
    const members = membersAt(run, t);
    for (const { name, after: read } of memberOrder(members)) {
      const member = members.find((one) => one.name === name)!;
      const fresh = Object.fromEntries(read.map((other) => [other, after[other]]));
      const place: StepPlace = { store: '', seed: run.seed, generation: t, member: name, checkpointSeconds: 0 };
      const walk = memberGeneration(run, member, place, { ...states, ...fresh });
      let next = walk.next();
      while (!next.done) {
        const step = ask(member, t, next.value.step, next.value.input);
        next = walk.next({ key: step.determinedBy, cached: false, outputs: outputsOf(step, next.value, output), report: {} });
      }
      after[name] = next.value.state;
      ask(member, t, 'score', { place, ...scoreInput(member, run, next.value) });
    }
    states = after;
  }
  return steps;
}

type StepInput = { readonly place: StepPlace; readonly split?: HeldOut };

/** What a step leaves, by name. */
function outputsOf(step: OutlineStep, call: StepCall, output: (step: OutlineStep, name: string) => ArtifactRef) {
  const names = { view: ['view'], postprocess: ['kept'], sample: ['train'], finetune: ['model'], generate: ['generated'] }[
    call.step
  ];
  const past = call.step === 'sample' ? pastOutputs(call.input) : [];
  return Object.fromEntries([...names, ...past].map((name) => [name, output(step, name)]));
}

/** Digests of all artifacts that an input names. */
function refsIn(input: unknown): Digest[] {
  if (typeof input !== 'object' || input === null) return [];
  if ('digest' in input) return [input.digest as Digest];
  return Object.values(input).flatMap(refsIn);
}
