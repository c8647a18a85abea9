/** From plain data to the plan: checked against the grammar of what it is about, defaults filled in, conditions' overrides applied. */
import { DEFAULT_FAMILY, kindOf } from '../kinds/index.js';
import type { FileWords, MemberGrammar, Real } from '../kinds/types.js';
import { text } from '../kinds/text/declare.js';
import type { TextDataPlan } from '../kinds/text/plan.js';
import type { TextDocument } from '../kinds/text/schema.js';
import { checkMixedMetric, checkParts, checkRealText } from './check.js';
import { checkStatedClaims } from './claims.js';
import { conditionTexts } from './condition-data.js';
import { metricPlans } from './metric-plans.js';
import type { DataPlans, ExperimentPlan, MemberPlan } from './plan.js';
import { resolvePopulation } from './population.js';
import { explain, type Path, type Problem } from './problems.js';
import { checkReferences, withReferences } from './references.js';
import { aboutOf, dataProblem, grammarOf, type ExperimentDocument } from './schema.js';
import { checkClaims, claimsIn } from './source-claims.js';

export type Resolved =
  | { readonly plan: ExperimentPlan; readonly problems?: undefined }
  | { readonly plan?: undefined; readonly problems: readonly Problem[] };

/** Checks plain data (what YAML or JSON gave) against the schema and fills it in; every problem that can be told is told. */
export function resolveExperiment(given: unknown): Resolved {
  const named = withFamilies(given);
  const raw = withReferences(named);
  const resolved = resolveWhole(raw, named);
  if (raw === named || resolved.problems === undefined) return resolved;
  // what is wrong with a condition that a reference stands for is told where the reference stands
  const own = ((named as { conditions: unknown[] }).conditions ?? []).length;
  const place = ({ path, ...problem }: Problem): Problem =>
    path[0] === 'conditions' && Number(path[1]) >= own
      ? { ...problem, path: ['references', Number(path[1]) - own], atKey: false }
      : { ...problem, path };
  return { problems: resolved.problems.map(place) };
}

/** @param raw with the conditions that references stand for @param named without */
function resolveWhole(raw: unknown, named: unknown): Resolved {
  const about = aboutOf((raw ?? {}) as { population?: unknown; data?: unknown });
  const schema = grammarOf(about);
  const parsed = schema.safeParse(raw);
  if (!parsed.success) {
    const missing = isMapping(raw) ? dataProblem(about, raw.data) : undefined;
    const issues = parsed.error.issues.filter(({ path }) => missing === undefined || path[0] !== 'data');
    return { problems: [...(missing ? [missing] : []), ...issues.flatMap((issue) => explain(issue, raw, schema))] };
  }
  const doc = parsed.data as unknown as ExperimentDocument;
  const file: FileWords = doc;
  const problems = checkParts({ ...doc, seeds: seedsOf(doc) }, doc.population.map(({ name, family }) => ({ name, stays: kindOf(family)!.stays }))); // prettier-ignore
  problems.push(...checkReferences(named), ...checkStatedClaims(doc.claims, doc));
  if (doc.tokenizer !== undefined && about.kinds.every(({ name }) => name !== 'text'))
    problems.push({ path: ['tokenizer'], atKey: true, message: 'no member reads text through a tokenizer', suggestion: 'remove it' }); // prettier-ignore
  if (about.kinds.every(({ cost }) => cost === 'chain'))
    for (const key of ['device', 'engine'] as const)
      if (doc.execution[key] !== undefined)
        problems.push({ path: ['execution', key], atKey: true, message: 'has no effect: cheap models are plain arithmetic of the processor', suggestion: 'remove it' }); // prettier-ignore
  const families = new Set(doc.population.map(({ family }) => family));
  const words = (real: Real | undefined): { words?: unknown; at: Path } => {
    if (real === undefined) return { at: ['data'] };
    return about.byKind
      ? { words: (doc.data as Record<string, unknown>)[real], at: ['data', real] }
      : { words: doc.data, at: ['data'] };
  };
  const data: Record<string, unknown> = {};
  const usual: string[] = [];
  const grammars = new Map<string, MemberGrammar>();
  for (const kind of about.kinds) {
    const { words: own, at } = words(kind.reads(families)?.real);
    problems.push(...kind.checkFile(file, own, at));
    const plan = own === undefined ? undefined : kind.dataPlan(own);
    if (plan !== undefined) data[kind.name] = plan;
    usual.push(...kind.usualMetrics(plan));
    grammars.set(kind.name, kind.member(file, plan));
  }
  const encoder = doc.encoder as string | undefined;
  const metrics = metricPlans(doc.metrics, usual, problems, encoder);
  if (encoder !== undefined && metrics.every(({ settings }) => settings.encoder !== encoder))
    problems.push({ path: ['encoder'], atKey: true, message: 'has no effect: no metric of this file reads vectors of texts', suggestion: 'name one that does, such as metrics: [d-sem], or remove it' }); // prettier-ignore
  const texts = conditionTexts(
    doc.conditions,
    about.kinds.some(({ name }) => name === 'text') ? (words('text').words as TextDocument) : undefined,
    file,
  );
  problems.push(...texts.problems);
  const grammar = (family: string, own?: TextDataPlan) => {
    const { name, families: schemas } = kindOf(family)!;
    const read = own !== undefined && name === text.name ? text.member(file, own) : grammars.get(name)!;
    return { ...read, schema: schemas[family] };
  };
  const { population, conditions } = resolvePopulation<MemberPlan>(raw, doc, grammar, texts.plans, problems);
  if (problems.length === 0)
    problems.push(...(doc.metrics ?? []).flatMap((metric, i) => checkMixedMetric(metric, conditions, ['metrics', i])));
  if (problems.length === 0) problems.push(...checkRealText(conditions, metrics));
  if (problems.length > 0) return { problems };
  const { name, title, generations, execution } = doc;
  const plan: ExperimentPlan = {
    schemaVersion: 1,
    name,
    ...(title === undefined ? {} : { title }),
    generations,
    seeds: seedsOf(doc),
    data: data as DataPlans,
    population,
    conditions,
    metrics,
    execution,
  };
  const claims = claimsIn(doc);
  const wrong = checkClaims(plan, claims);
  return wrong.length > 0 ? { problems: wrong } : { plan: claims.length > 0 ? { ...plan, claims } : plan };
}

function seedsOf({ seeds }: ExperimentDocument): number[] {
  return Array.isArray(seeds) ? seeds : Array.from({ length: seeds.count }, (_, i) => seeds.from + i);
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Members that name no family are of the usual one. */
function withFamilies(raw: unknown): unknown {
  const population = (raw as { population?: unknown } | null)?.population;
  if (!Array.isArray(population)) return raw;
  const named = population.map((member: unknown) =>
    isMapping(member) && !('family' in member) ? { ...member, family: DEFAULT_FAMILY } : member,
  );
  return { ...(raw as object), population: named };
}
