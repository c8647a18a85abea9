/** From a checked document to the plan: defaults that depend on other settings, inheritance, and conditions' overrides. */
import { sizeFieldsOf, optConfig } from './architectures.js';
import { checkDocument, checkMember, longestSequence } from './check.js';
import { settingsOn } from '../engine/generate/decoding.js';
import { TEXT_METRIC_NAMES, needsTruth } from './metrics.js';
import { metricPlans } from './metric-plans.js';
import { inheritTraining, withOptimizer } from './optimizers.js';
import { samplePlan } from './mixture-schema.js';
import { operatorPlans } from './operators.js';
import { planHead, resolvePopulation, type MemberGrammar } from './population.js';
import { nearest } from './suggest.js';
import { SIMULATED_FAMILIES, isSimulation, resolveSimulation } from './simulation/resolve.js';
import { isVae, resolveVae } from './vae/resolve.js';
import type { AnyExperimentPlan, DataPlan, MemberPlan, TokenizerPlan, TrainingPlan } from './plan.js';
import { explain, type Problem } from './problems.js';
import { experimentSchema, memberSchema, type ExperimentDocument, type MemberDocument, type TrainingDocument } from './schema.js';
import { checkClaims, claimsIn } from './source-claims.js';
import { TEMPLATES } from './templates.js';

export type Resolved =
  | { readonly plan: AnyExperimentPlan; readonly problems?: undefined }
  | { readonly plan?: undefined; readonly problems: readonly Problem[] };

/** Checks plain data (what YAML or JSON gave) against the schema and fills it in; every problem that can be told is told. */
export function resolveExperiment(raw: unknown): Resolved {
  const resolved = resolveKind(raw);
  if (resolved.plan === undefined) return resolved;
  const claims = claimsIn(raw);
  if (claims.length === 0) return resolved;
  const problems = checkClaims(resolved.plan, claims);
  return problems.length > 0 ? { problems } : { plan: { ...resolved.plan, claims } };
}

function resolveKind(raw: unknown): Resolved {
  if (isSimulation(raw)) return resolveSimulation(raw);
  if (isVae(raw)) return resolveVae(raw);
  const parsed = experimentSchema.safeParse(raw);
  if (!parsed.success)
    return { problems: parsed.error.issues.flatMap((issue) => explain(issue, raw, experimentSchema)).map(withEveryFamily) };
  const doc = parsed.data;
  const problems = checkDocument(doc);
  const data = dataPlan(doc);
  const synthetic = doc.data.train.startsWith('grammar:');
  const everyMetric = TEXT_METRIC_NAMES.filter((name) => synthetic || !needsTruth(name));
  const metrics = metricPlans(doc.metrics, everyMetric, problems);
  const grammar: MemberGrammar<MemberDocument, MemberPlan> = {
    schema: memberSchema,
    records: data.packing === 'records' ? 'rows' : 'blocks',
    plan: (member) => memberPlan(member, data, doc.tokenizer),
    check: (plan, given) => checkMember(plan, data, given),
  };
  const { population, conditions } = resolvePopulation(raw, doc, grammar, problems);
  if (problems.length > 0) return { problems };
  const { seeds, execution } = doc;
  return { plan: { ...planHead(doc), seeds, data, population, conditions, metrics, execution } };
}

/** This grammar knows one family; the reader may have meant one of the other grammars'. */
function withEveryFamily(problem: Problem): Problem {
  const [at, , key] = problem.path;
  if (at !== 'population' || key !== 'family' || problem.path.length !== 3) return problem;
  const known = ['language-model', 'vae', ...SIMULATED_FAMILIES];
  const guess = nearest(/"(.*?)"/.exec(problem.message)?.[1] ?? '', known);
  return { ...problem, suggestion: guess === undefined ? `one of: ${known.join(', ')}` : `did you mean "${guess}"?` };
}

function dataPlan(doc: ExperimentDocument): DataPlan {
  const { data } = doc;
  const source = (split: 'train' | 'valid' | 'test', name: string): string => {
    const own = data[split] ?? data.train.replace(/#.*$/, '');
    return own.startsWith('hf://') && !own.includes('#') ? `${own}#${name}` : own;
  };
  const synthetic = data.train.startsWith('grammar:');
  const grammar = data.grammar ?? (synthetic ? experimentSchema.shape.data.shape.grammar.unwrap().parse({}) : undefined);
  return {
    train: source('train', 'train'),
    valid: source('valid', 'validation'),
    test: source('test', 'test'),
    ...(grammar === undefined ? {} : { grammar }),
    block: data.block,
    packing: data.packing ?? (data.template === undefined ? 'bos-line' : 'records'),
    ...(data.template === undefined
      ? {}
      : { template: typeof data.template === 'string' ? TEMPLATES[data.template] : data.template }),
    limit: data.limit,
    ...(isPart(data.subset) && { subset: data.subset }),
  };
}

function isPart(subset: ExperimentDocument['data']['subset']): boolean {
  return subset !== undefined && Math.min(subset.train, subset.valid, subset.test) < 1;
}

/** Settings that concern templates are in the plan where there is one. */
function trainingPlan({ lossOn, packing, ...document }: TrainingDocument, data: DataPlan): TrainingPlan {
  const training = withOptimizer(document);
  if (data.template === undefined) return training;
  return { ...training, lossOn: lossOn ?? 'answer', ...(packing ? { packing: data.block } : {}) };
}

/** A checkpoint reads text through its own tokenizer, a model from scratch through the file's where it has none of its own. */
function tokenizerPlan({ base, tokenizer }: MemberDocument, shared: TokenizerPlan | undefined): TokenizerPlan {
  const scratch = typeof base === 'object' && base.kind === 'scratch';
  return tokenizer ?? (scratch ? shared : undefined) ?? { kind: 'base' };
}

function memberPlan(member: MemberDocument, data: DataPlan, shared: TokenizerPlan | undefined): MemberPlan {
  const { decoding } = member;
  const maxNewTokens = decoding.maxNewTokens ?? data.block;
  const postprocess = operatorPlans(member.postprocess);
  return {
    name: member.name,
    family: member.family,
    tokenizer: tokenizerPlan(member, shared),
    base: basePlan(member.base, longestSequence(member.prompts, data.block, maxNewTokens)),
    start: member.start,
    generation0: trainingPlan(inheritTraining(member.training, defined(member.generation0)), data),
    training: trainingPlan(member.training, data),
    decoding: {
      ...settingsOn(decoding),
      strategy: decoding.strategy,
      batch: decoding.batch,
      maxNewTokens,
      // a block is written to its end, an answer until it ends
      minNewTokens: decoding.minNewTokens ?? (data.template === undefined ? maxNewTokens : 1),
    },
    ...(postprocess && { postprocess }),
    prompts: member.prompts,
    ...(member.sample === undefined ? {} : { sample: samplePlan(member.sample) }),
    ...(member.execution === undefined ? {} : { execution: member.execution }),
  };
}

function defined<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

function basePlan(base: MemberDocument['base'], longest: number): MemberPlan['base'] {
  if (typeof base === 'string') return { kind: 'checkpoint', source: base };
  if (base.kind === 'checkpoint') return base;
  if (base.config) return { kind: 'scratch', config: { [sizeFieldsOf(base.config).positions]: longest, ...base.config } };
  // a base with neither is told by checkMember
  const shape: NonNullable<typeof base.architecture> = base.architecture ?? { kind: 'opt', hidden: 0, layers: 0, heads: 1 };
  const { hidden, ffn = 4 * hidden, positions = longest } = shape;
  return { kind: 'scratch', config: optConfig({ ...shape, ffn, positions }) };
}
