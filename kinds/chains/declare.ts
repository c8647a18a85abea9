/** The kind of cheap models, whole chains of which are one step: how an experiment's file speaks of them, and the plan that it means. */
import { samplePlan } from '../../spec/mixture-schema.js';
import type { Kind } from '../types.js';
import { grammar as grammarSchema } from '../text/schema.js';
import { checkChainMixture, checkChainText, checkWorld, unlikeChain } from './check.js';
import type { ChainDataPlan, ChainMemberPlan, WorldPlan } from './plan.js';
import { chainData, chainFamilies, type ChainDataDocument, type ChainMemberDocument } from './schema.js';
import { TRUTH } from './truth.js';
import { chainWords } from './words.js';

const INTERPOLATION: Readonly<Record<number, readonly number[]>> = {
  1: [0.99, 0.01],
  2: [0.7, 0.29, 0.01],
  3: [0.5, 0.3, 0.19, 0.01],
};

/** What is true, how much of it there is, and what it is measured on: a chain that goes on goes on in the same world. */
const WORLD = ['sample', 'test', 'tail', ...new Set(Object.values(TRUTH).flat())];

export const chains: Kind<ChainDataDocument, ChainDataPlan | undefined, ChainMemberDocument> = {
  name: 'chains',
  cost: 'chain',
  families: chainFamilies,
  stays: WORLD,
  words: chainWords,
  usualMetrics: () => [],
  reads: (families) =>
    families.has('n-gram') ? { real: 'text', schema: chainData, example: '{train: file:PATH, test: file:PATH}' } : undefined,
  dataPlan,
  checkFile: (_file, data, at) =>
    data === undefined ? [] : checkChainText(data).map((problem) => ({ ...problem, path: [...at, ...problem.path] })),
  member: () => ({
    records: 'chains',
    plan: memberPlan,
    check: (plan) => checkWorld(plan as ChainMemberPlan),
    checkMixture: checkChainMixture,
    unlike: (writer, reader) => unlikeChain(writer as never, reader as ChainMemberPlan),
  }),
};

/** @param data perhaps with what language models say of the same text */
function dataPlan(data: ChainDataDocument): ChainDataPlan {
  const source = (split: 'train' | 'test'): string => {
    const own = data[split] ?? data.train.replace(/#.*$/, '');
    return own.startsWith('hf://') && !own.includes('#') ? `${own}#${split}` : own;
  };
  const grammar = data.grammar ?? (data.train.startsWith('grammar:') ? grammarSchema.parse({}) : undefined);
  return { train: source('train'), test: source('test'), ...(grammar && { grammar }) };
}

function memberPlan(member: ChainMemberDocument): ChainMemberPlan {
  const { name, sample: given, mixture: _, ...settings } = member;
  const sample = given === undefined ? { size: 0, growth: 0 } : samplePlan(given);
  const world =
    settings.family === 'n-gram'
      ? { ...settings, interpolation: settings.interpolation ?? INTERPOLATION[settings.order] }
      : settings;
  return { name, world: world as WorldPlan, sample };
}
