/** What an experiment does, in words, from its plan. */
import { decodingWords } from '../spec/decoding.js';
import type { AnyExperimentPlan, AnyMemberPlan, ExperimentPlan, MemberPlan, MixturePlan, VaeMemberPlan } from '../spec/plan.js';
import type { SimulatedMixture } from '../spec/simulation/plan.js';
import { vaeWords } from '../spec/vae/words.js';
import { describeSimulated, describeSimulatedMixture } from './describe-simulation.js';
import { formatNumber } from './format.js';

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
      ? `a language model trained from scratch (${count(member.base.architecture.layers, 'layer')}, width ${member.base.architecture.hidden})`
      : `the language model ${member.base.source}`;
  const start = { base: 'the base model', 'generation-0': 'model 0', previous: 'the model before it' }[member.start];
  return (
    `Generation 0 fits ${model} to real text (${plan.data.train}). Each later generation starts from ${start}, ` +
    `trains on text that the generation before it wrote (${decodingWords(member.decoding).join(', ')}), and writes the next.`
  );
}

function describeVae({ base, start, decoding }: VaeMemberPlan, plan: ExperimentPlan): string {
  const from = { base: 'fresh weights', 'generation-0': 'model 0', previous: 'the model before it' }[start];
  const pixels = { mean: 'the decoder’s mean of each pixel', bernoulli: 'black and white pixels drawn from the decoder' }[
    decoding.pixels
  ];
  return (
    `Generation 0 fits ${vaeWords(base.architecture)} to real images (${plan.data.train}). Each later generation starts from ${from}, ` +
    `trains on images that the generation before it wrote (${pixels}), and writes the next.`
  );
}

function count(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`;
}

/** What a condition trains on. */
export function describeMixture(mixture: MixturePlan | SimulatedMixture): string {
  if (!('sources' in mixture)) return describeSimulatedMixture(mixture);
  if (mixture.kind === 'replace') return 'only generated text: each generation’s data replaces the one before';
  return `${formatNumber(mixture.share * 100, 3)} % of the records stay real, drawn anew each generation; the rest is generated`;
}
