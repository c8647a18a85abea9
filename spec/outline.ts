/** What an experiment will do, before it does it: runs, steps, which steps runs have in common, and how many tokens. */
import { digestOf, type Digest } from '../common/canonical.js';
import { expand } from './expand.js';
import { generationsBack, needsNewReal, promptsOf, sizeAt, trainedOn, writtenBy } from './mixture.js';
import type { AnyMemberPlan, ExperimentPlan, RunPlan } from './plan.js';

export type StepName = 'prepare' | 'sample' | 'finetune' | 'generate' | 'postprocess' | 'score';

export interface OutlineStep {
  /** `prepare`, or RUN/g<generation>/<member>/<step> */
  readonly id: string;
  readonly step: StepName;
  readonly generation: number;
  /** '' for prepare, which is for all members */
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
  readonly prepare: OutlineStep;
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

/** The steps of one generation, in order. Generation 0 trains on the real data as they are, so it samples nothing. */
export function stepsOfGeneration(generation: number, sampled: boolean): StepName[] {
  const steps: StepName[] = ['finetune', 'generate', 'postprocess', 'score'];
  return generation === 0 && !sampled ? steps : ['sample', ...steps];
}

/** Outlines a plan. Token numbers are upper bounds from data.limit. */
export function outline(plan: ExperimentPlan): Outline {
  const prepare: OutlineStep = {
    id: 'prepare',
    step: 'prepare',
    generation: 0,
    member: '',
    after: [],
    determinedBy: digestOf({ data: plan.data, ...(plan.tokenizer && { tokenizer: plan.tokenizer }) }),
  };
  const first = new Map<Digest, string>();
  const runs = expand(plan).map((run) => ({
    run: run.id,
    condition: run.condition,
    seed: run.seed,
    steps: run.members
      .flatMap((member) => memberSteps(run, member, prepare))
      .map((step) => {
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
      steps: all.length + 1,
      computed: computed.length + 1,
      ...present({ trainTokens: tokensOf('finetune'), writeTokens: tokensOf('generate'), scoreTokens: tokensOf('score') }),
    },
  };
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
  readonly train?: number;
  readonly write?: number;
  readonly score?: number;
}

function workOf(run: RunPlan, member: AnyMemberPlan, generation: number): Work {
  if (run.data.kind === 'images' || member.family !== 'language-model') return {};
  const { limit, block } = run.data;
  const { epochs } = generation === 0 ? member.generation0 : member.training;
  const { maxNewTokens } = member.decoding;
  const { sample } = member;
  if (limit.train === undefined && sample === undefined) return {};
  const n = (t: number): number => (sample === undefined ? limit.train! : sizeAt(sample, t));
  const written = sample === undefined ? limit.train! : writtenBy(run.mixture, sample, generation);
  return {
    train: trainedOn(run.mixture, n, generation) * epochs * block,
    write: written * maxNewTokens,
    score: limit.test === undefined ? undefined : limit.test * block + written * maxNewTokens,
  };
}

function memberSteps(run: RunPlan, member: AnyMemberPlan, prepare: OutlineStep): OutlineStep[] {
  const steps: OutlineStep[] = [];
  const add = (
    step: StepName,
    generation: number,
    after: readonly OutlineStep[],
    facts: unknown,
    tokens?: number,
  ): OutlineStep => {
    const determinedBy = digestOf({ step, generation, member: member.name, after: after.map((s) => s.determinedBy), facts });
    const made = {
      id: `${run.id}/g${generation}/${member.name}/${step}`,
      step,
      generation,
      member: member.name,
      after: after.map((s) => s.id),
      determinedBy,
    };
    steps.push(tokens === undefined ? made : { ...made, tokens });
    return steps[steps.length - 1];
  };
  const { mixture, seed } = run;
  const { sample } = member;
  let trained = prepare;
  let first = prepare;
  const written: OutlineStep[] = [];
  let model = prepare;
  let model0 = prepare;
  for (let t = 0; t <= run.generations; t++) {
    if (t === 0 && sample !== undefined) first = trained = add('sample', 0, [prepare], { seed, size: sizeAt(sample, 0) });
    if (t > 0) {
      const real = mixture.kind === 'replace' ? [] : [first, ...(needsNewReal(mixture) ? [prepare] : [])];
      trained = add('sample', t, [...new Set(real), ...written.slice(-generationsBack(mixture))], { seed, mixture, sample });
    }
    const work = workOf(run, member, t);
    const training = t === 0 ? member.generation0 : member.training;
    const start = t === 0 || member.start === 'base' ? [] : [member.start === 'previous' ? model : model0];
    const facts = { seed, training, base: start.length === 0 ? member.base : undefined };
    model = add('finetune', t, [trained, ...start], facts, work.train);
    if (t === 0) model0 = model;
    const prompts = promptsOf(member, mixture, { first, train: trained, newest: written.at(-1) });
    const count = sample && writtenBy(mixture, sample, t);
    const generate = add('generate', t, [model, prompts], { seed, decoding: member.decoding, count }, work.write);
    const texts = add('postprocess', t, [generate], {});
    written.push(texts);
    add(
      'score',
      t,
      model === model0 ? [model, texts, prepare] : [model, model0, texts, prepare],
      { metrics: run.metrics },
      work.score,
    );
  }
  return steps;
}
