/** From a checked document to the plan: defaults that depend on other settings, inheritance, and conditions' overrides. */
import { z } from 'zod';
import { checkDocument, checkMember, longestSequence } from './check.js';
import { DECODING_DEFAULTS } from './decoding.js';
import { METRIC_NAMES, METRIC_WORDS, metricDefaults, type MetricName } from './metrics.js';
import { nearest } from './suggest.js';
import { SIMULATED_FAMILIES, isSimulation, resolveSimulation } from './simulation/resolve.js';
import type { AnyExperimentPlan, ConditionPlan, DataPlan, MemberPlan, MetricPlan, TokenizerPlan, TrainingPlan } from './plan.js';
import { explain, valueAt, type Path, type Problem } from './problems.js';
import { experimentSchema, memberSchema, type ExperimentDocument, type MemberDocument, type trainingSchema } from './schema.js';
import { TEMPLATES } from './templates.js';

export type Resolved =
  | { readonly plan: AnyExperimentPlan; readonly problems?: undefined }
  | { readonly plan?: undefined; readonly problems: readonly Problem[] };

/** Checks plain data (what YAML or JSON gave) against the schema and fills it in; every problem that can be told is told. */
export function resolveExperiment(raw: unknown): Resolved {
  if (isSimulation(raw)) return resolveSimulation(raw);
  const parsed = experimentSchema.safeParse(raw);
  if (!parsed.success)
    return { problems: parsed.error.issues.flatMap((issue) => explain(issue, raw, experimentSchema)).map(withEveryFamily) };
  const doc = parsed.data;
  const problems = checkDocument(doc);
  const data = dataPlan(doc);
  const members = doc.population.map((member, i) => {
    const given = (path: Path): boolean => valueAt(raw, ['population', i, ...path]) !== undefined;
    const plan = memberPlan(member, data);
    problems.push(...checkMember(plan, data, given).map((p) => ({ ...p, path: ['population', i, ...p.path] })));
    return plan;
  });
  const metrics = metricPlans(doc, problems);
  const conditions = doc.conditions.map((condition, i) => conditionPlan(raw, doc, condition, i, members, data, problems));
  if (problems.length > 0) return { problems };
  return {
    plan: {
      schemaVersion: 1,
      name: doc.name,
      ...(doc.title === undefined ? {} : { title: doc.title }),
      seeds: doc.seeds,
      generations: doc.generations,
      data,
      tokenizer: tokenizerPlan(doc),
      population: members,
      conditions,
      metrics,
      execution: doc.execution,
    },
  };
}

/** This grammar knows one family; the reader may have meant one of the other grammar's. */
function withEveryFamily(problem: Problem): Problem {
  const [at, , key] = problem.path;
  if (at !== 'population' || key !== 'family' || problem.path.length !== 3) return problem;
  const known = ['language-model', ...SIMULATED_FAMILIES];
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
  };
}

/** Settings that concern templates are in the plan where there is one. */
function trainingPlan({ lossOn, packing, ...training }: z.output<typeof trainingSchema>, data: DataPlan): TrainingPlan {
  if (data.template === undefined) return training;
  return { ...training, lossOn: lossOn ?? 'answer', ...(packing ? { packing: data.block } : {}) };
}

function tokenizerPlan(doc: ExperimentDocument): TokenizerPlan {
  return doc.tokenizer ?? { kind: 'base' };
}

function memberPlan(member: MemberDocument, data: DataPlan): MemberPlan {
  const { decoding } = member;
  const maxNewTokens = decoding.maxNewTokens ?? data.block;
  return {
    name: member.name,
    family: member.family,
    base: basePlan(member.base, longestSequence(member.prompts, data.block, maxNewTokens)),
    start: member.start,
    generation0: trainingPlan({ ...member.training, ...defined(member.generation0) }, data),
    training: trainingPlan(member.training, data),
    decoding: {
      ...DECODING_DEFAULTS,
      ...defined(decoding),
      maxNewTokens,
      // a block is written to its end, an answer until it ends
      minNewTokens: decoding.minNewTokens ?? (data.template === undefined ? maxNewTokens : 1),
    },
    prompts: member.prompts,
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
  const { architecture } = base;
  return {
    kind: 'scratch',
    architecture: {
      ...architecture,
      ffn: architecture.ffn ?? 4 * architecture.hidden,
      positions: architecture.positions ?? longest,
    },
  };
}

/** A condition's members: the file's own words, overridden, then checked and filled in anew. Adds to `problems`. */
function conditionPlan(
  raw: unknown,
  doc: ExperimentDocument,
  condition: ExperimentDocument['conditions'][number],
  index: number,
  members: readonly MemberPlan[],
  data: DataPlan,
  problems: Problem[],
): ConditionPlan {
  const plans = doc.population.map((member, i) => {
    const override = condition.override?.[member.name];
    if (override === undefined) return members[i];
    const merged = mergeDeep(valueAt(raw, ['population', i]), override);
    const place = (problem: Problem): Problem => ({
      ...problem,
      path: blame(raw, ['conditions', index, 'override', member.name], problem.path),
    });
    const parsed = memberSchema.safeParse(merged);
    if (!parsed.success) {
      problems.push(...parsed.error.issues.flatMap((issue) => explainMember(issue, merged)).map(place));
      return members[i];
    }
    const plan = memberPlan(parsed.data, data);
    const inMerged = checkMember(plan, data, (path) => valueAt(merged, path) !== undefined);
    const known = new Set(
      checkMember(members[i], data, (path) => valueAt(raw, ['population', i, ...path]) !== undefined).map((p) => p.message),
    );
    problems.push(...inMerged.filter((p) => !known.has(p.message)).map(place));
    if (plan.base.kind !== members[i].base.kind) {
      problems.push({
        path: ['conditions', index, 'override', member.name, 'base'],
        message: 'a condition cannot change the kind of base, since all conditions share one tokenizer',
      });
    }
    return plan;
  });
  return { name: condition.name, mixture: condition.mixture, members: plans };
}

/** Member issues speak of paths inside the member; the words of the future are known by paths inside the population. */
function explainMember(issue: z.core.$ZodIssue, merged: unknown): Problem[] {
  const root = { population: [merged] };
  return explain(issue, root, z.object({ population: z.array(memberSchema) }), ['population', 0]).map((p) => ({
    ...p,
    path: p.path.slice(2),
  }));
}

/** The override's path as deep as the file has it: the place where the reader can change something. */
function blame(raw: unknown, base: Path, path: Path): Path {
  let depth = path.length;
  while (depth > 0 && valueAt(raw, [...base, ...path.slice(0, depth)]) === undefined) depth--;
  return [...base, ...path.slice(0, depth)];
}

/** Overrides win; mappings merge, unless their `kind` differs; lists and scalars replace. */
function mergeDeep(under: unknown, over: unknown): unknown {
  if (!isMapping(under) || !isMapping(over)) return over;
  if (over.kind !== undefined && under.kind !== over.kind) return over;
  const merged = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) merged.set(key, mergeDeep(under[key], value));
  return Object.fromEntries(merged);
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Metrics with all their settings; adds unknown or ill-typed settings to `problems`. */
function metricPlans(doc: ExperimentDocument, problems: Problem[]): MetricPlan[] {
  if (doc.metrics === undefined) {
    const synthetic = doc.data.train.startsWith('grammar:');
    return METRIC_NAMES.filter((name) => synthetic || !('truth' in METRIC_WORDS[name])).map((name) =>
      metricPlan(name, metricDefaults(name)),
    );
  }
  return doc.metrics.map((metric, i) => {
    if (typeof metric === 'string') return metricPlan(metric, metricDefaults(metric));
    const schema: z.ZodType<Record<string, string | number | boolean>> = METRIC_WORDS[metric.name].settings;
    const parsed = schema.safeParse(metric.settings);
    if (parsed.success) return metricPlan(metric.name, parsed.data);
    problems.push(
      ...parsed.error.issues
        .flatMap((issue) => explain(issue, metric.settings, schema))
        .map((p) => ({ ...p, path: ['metrics', i, 'settings', ...p.path] })),
    );
    return metricPlan(metric.name, metricDefaults(metric.name));
  });
}

function metricPlan(name: MetricName, settings: MetricPlan['settings']): MetricPlan {
  return { name, variant: METRIC_WORDS[name].variant, settings };
}
