/** The kind of texts and language models: how an experiment's file speaks of them, and the plan that it means. */
import { settingsOn, type DecodingPlan } from '../../engine/generate/decoding.js';
import { needsTruth, usualMetricNamesOf } from '../../spec/metrics.js';
import type { MetricDocument } from '../../spec/metric-plans.js';
import { mixesPlan } from '../../spec/mixes.js';
import { samplePlan } from '../../spec/mixture-schema.js';
import { operatorPlans } from '../../spec/operators.js';
import { inheritTraining, withOptimizer } from '../../spec/training.js';
import type { Kind } from '../types.js';
import { optConfig, sizeFieldsOf } from './architectures.js';
import { checkMember, checkText, checkTokenizer, checkTruth, longestSequence } from './check.js';
import { realTextPlan } from './real-text.js';
import type { LanguageModelPlan, TextDataPlan, TokenizerPlan, TrainingPlan } from './plan.js';
import {
  grammar as grammarSchema,
  languageModel,
  textData,
  type LanguageModelDocument,
  type TextDocument,
  type TrainingDocument,
} from './schema.js';
import { TEMPLATES } from './templates.js';
import { textWords } from './words.js';

export const text: Kind<TextDocument, TextDataPlan, LanguageModelDocument> = {
  name: 'text',
  cost: 'step',
  families: { 'language-model': languageModel },
  stays: ['base', 'tokenizer'],
  words: textWords,
  writes: 'texts',
  usualMetrics: ({ train }) => usualMetricNamesOf('texts').filter((name) => train.startsWith('grammar:') || !needsTruth(name)),
  reads: () => ({ real: 'text', schema: textData, example: '{train: file:PATH, valid: file:PATH, test: file:PATH, block: 64}' }),
  dataPlan,
  checkFile({ tokenizer, metrics, population }, data, at) {
    const members = population.filter(({ family }) => family === 'language-model') as unknown as LanguageModelDocument[];
    return [
      ...checkText(data!).map((problem) => ({ ...problem, path: [...at, ...problem.path] })),
      ...checkTokenizer(tokenizer as TokenizerPlan | undefined, members),
      ...((metrics ?? []) as MetricDocument[]).flatMap((metric, i) => checkTruth(data!, metric, ['metrics', i])),
    ];
  },
  member: ({ tokenizer }, data) => ({
    records: data.packing === 'records' ? 'rows' : 'blocks',
    most: data.limit.train,
    plan: (words: LanguageModelDocument) => memberPlan(words, data, tokenizer as TokenizerPlan | undefined),
    check: (plan, given) => checkMember(plan as LanguageModelPlan, data, given),
  }),
};

function dataPlan(data: TextDocument): TextDataPlan {
  const source = (split: 'train' | 'valid' | 'test', name: string): string => {
    if (split !== 'train' && data.heldOut?.[split] !== undefined) return source('train', 'train');
    const own = data[split] ?? data.train.replace(/#.*$/, '');
    return own.startsWith('hf://') && !own.includes('#') ? `${own}#${name}` : own;
  };
  const synthetic = data.train.startsWith('grammar:');
  const grammar = data.grammar ?? (synthetic ? grammarSchema.parse({}) : undefined);
  return {
    train: source('train', 'train'),
    valid: source('valid', 'validation'),
    test: source('test', 'test'),
    ...(grammar === undefined ? {} : { grammar }),
    block: data.block,
    packing: data.packing ?? (data.template === undefined ? 'bos-line' : 'records'),
    ...(data.template === undefined
      ? {}
      : {
          template: {
            ...(typeof data.template === 'string' ? TEMPLATES[data.template] : data.template),
            ...(data.fields && { fields: data.fields }),
          },
        }),
    limit: data.limit,
    ...(data.heldOut && { heldOut: heldOutPlan(data.heldOut, data.template !== undefined) }),
    ...(isPart(data.subset) && { subset: data.subset }),
  };
}

/** @param records whether they are divided by lot */
function heldOutPlan({ valid, test, seed = 1 }: NonNullable<TextDocument['heldOut']>, records: boolean): TextDataPlan['heldOut'] {
  return { ...(valid !== undefined && { valid }), ...(test !== undefined && { test }), ...(records && { seed }) };
}

function isPart(subset: TextDocument['subset']): boolean {
  return subset !== undefined && Math.min(subset.train, subset.valid, subset.test) < 1;
}

/** Settings that concern templates are in the plan where there is one, and a loss where it is not the cross-entropy. */
function trainingPlan({ lossOn, packing, loss, ...document }: TrainingDocument, data: TextDataPlan): TrainingPlan {
  const training = { ...withOptimizer(document), ...(loss && { loss }) };
  if (data.template === undefined) return training;
  return { ...training, lossOn: lossOn ?? 'answer', ...(packing ? { packing: data.block } : {}) };
}

/** A checkpoint reads text through its own tokenizer, a model from scratch through the file's where it has none of its own. */
function tokenizerPlan({ base, tokenizer }: LanguageModelDocument, shared: TokenizerPlan | undefined): TokenizerPlan {
  const scratch = typeof base === 'object' && base.kind === 'scratch';
  return tokenizer ?? (scratch ? shared : undefined) ?? { kind: 'base' };
}

function memberPlan(member: LanguageModelDocument, data: TextDataPlan, shared: TokenizerPlan | undefined): LanguageModelPlan {
  const { decoding } = member;
  const maxNewTokens = decoding.maxNewTokens ?? (member.prompts === 'none' ? data.block - 1 : data.block);
  const postprocess = operatorPlans(member.postprocess);
  const decodingPlan: DecodingPlan = {
    ...settingsOn(decoding),
    ...(decoding.guidance && { guidance: decoding.guidance }),
    strategy: decoding.strategy,
    batch: decoding.batch,
    maxNewTokens,
    // a block is written to its end, an answer until it ends
    minNewTokens: decoding.minNewTokens ?? (data.template === undefined ? maxNewTokens : 1),
  };
  return {
    name: member.name,
    family: member.family,
    tokenizer: tokenizerPlan(member, shared),
    base: basePlan(member.base, longestSequence(member.prompts, data.block, maxNewTokens)),
    start: member.start,
    generation0: trainingPlan(inheritTraining(member.training, member.generation0), data),
    training: trainingPlan(member.training, data),
    decoding: decodingPlan,
    ...(member.writes && { writes: realTextPlan({ decoding: decodingPlan, prompts: member.prompts }, data) }),
    ...(postprocess && { postprocess }),
    prompts: member.prompts,
    ...mixesPlan(member.mixes),
    ...(member.sample === undefined ? {} : { sample: samplePlan(member.sample) }),
    ...(member.execution === undefined ? {} : { execution: member.execution }),
  };
}

function basePlan(base: LanguageModelDocument['base'], longest: number): LanguageModelPlan['base'] {
  if (typeof base === 'string') return { kind: 'checkpoint', source: base };
  if (base.kind === 'checkpoint') return base;
  if (base.config) return { kind: 'scratch', config: { [sizeFieldsOf(base.config).positions]: longest, ...base.config } };
  // a base with neither is told by checkMember
  const shape: NonNullable<typeof base.architecture> = base.architecture ?? { kind: 'opt', hidden: 0, layers: 0, heads: 1 };
  const { hidden, ffn = 4 * hidden, positions = longest } = shape;
  return { kind: 'scratch', config: optConfig({ ...shape, ffn, positions }) };
}
