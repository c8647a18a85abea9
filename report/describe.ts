/** What an experiment does, in words, from its plan. */
import { configWords } from '../spec/architectures.js';
import { decodingWords } from '../engine/generate/decoding.js';
import { optimizerWords } from '../engine/train/optimizers/index.js';
import { sourceName } from '../spec/digest.js';
import type { AnyExperimentPlan, AnyMemberPlan, ExperimentPlan, MemberPlan, VaeMemberPlan } from '../spec/plan.js';
import type { SamplePlan } from '../spec/mixture.js';
import type { RunIndex } from '../spec/documents.js';
import { vaeWords } from '../spec/vae/words.js';
import { describeSimulated } from './describe-simulation.js';

/** A paragraph for the head of the page. */
export function describePlan(plan: AnyExperimentPlan): string {
  const members =
    plan.kind === 'simulation'
      ? plan.population.map(describeSimulated).join(' ')
      : plan.population.map((member) => describeMember(member, plan)).join(' ');
  return `${members} ${count(plan.conditions.length, 'condition')}, ${count(plan.seeds.length, 'seed')}, generations 0 to ${plan.generations}.`;
}

function describeMember(member: AnyMemberPlan, plan: ExperimentPlan): string {
  const name = plan.population.length > 1 ? `${member.name}: ` : '';
  return name + (member.family === 'vae' ? describeVae(member, plan) : describeLanguageModel(member, plan));
}

function describeLanguageModel(member: MemberPlan, plan: ExperimentPlan): string {
  const model =
    member.base.kind === 'scratch'
      ? `a language model trained from scratch, ${configWords(member.base.config)},`
      : `the language model ${sourceName(member.base.source)}`;
  const start = { base: 'the base model', 'generation-0': 'model 0', previous: 'the model before it' }[member.start];
  return (
    `Generation 0 fits ${model} to ${sampled(member.sample, 'blocks')}real text (${sourceName(plan.data.train)}). Each later generation starts from ${start}, ` +
    `trains${withOptimizer(member)} on what its mixture draws of real and written text, and writes more (${decodingWords(member.decoding).join(', ')}).`
  );
}

function describeVae(member: VaeMemberPlan, plan: ExperimentPlan): string {
  const { base, start, decoding, sample } = member;
  const from = { base: 'fresh weights', 'generation-0': 'model 0', previous: 'the model before it' }[start];
  const pixels = { mean: 'the decoder’s mean of each pixel', bernoulli: 'black and white pixels drawn from the decoder' }[
    decoding.pixels
  ];
  return (
    `Generation 0 fits ${vaeWords(base.architecture)} to ${sampled(sample, 'images')}real images (${sourceName(plan.data.train)}). Each later generation starts from ${from}, ` +
    `trains${withOptimizer(member)} on what its mixture draws of real and written images, and writes more (${pixels}).`
  );
}

/** AdamW goes without saying. */
function withOptimizer({ training }: AnyMemberPlan): string {
  return training.optimizer === undefined ? '' : ` by ${optimizerWords(training)}`;
}

function sampled(sample: SamplePlan | undefined, unit: string): string {
  if (sample === undefined) return '';
  return `${sample.size} ${unit}${sample.growth === 0 ? '' : ` (generation t: ${sample.size} (t+1)^${sample.growth})`} of `;
}

function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}

/** How far a run has come: "generation 2 of 5". */
export function reached(run: RunIndex, plan: AnyExperimentPlan): string {
  return run.generations.length === 0 ? 'no generation' : `generation ${run.generationsDone} of ${plan.generations}`;
}
