/** From a checked file of VAEs to its plan. */
import { checkParts, checkTraining } from '../check.js';
import { metricPlans } from '../metric-plans.js';
import { IMAGE_METRIC_NAMES } from '../metrics.js';
import { checkOptimizer, inheritTraining, withOptimizer } from '../optimizers.js';
import { samplePlan } from '../mixture-schema.js';
import { planHead, resolvePopulation, type MemberGrammar } from '../population.js';
import type { ExperimentPlan, ImageDataPlan, VaeMemberPlan } from '../plan.js';
import { explain, valueAt, type Path, type Problem } from '../problems.js';
import { vaeExperimentSchema, vaeMemberSchema, type VaeExperimentDocument, type VaeMemberDocument } from './schema.js';

/** Held out for validation, and for tests, where the file gives neither a file nor a share. */
const SHARE = 0.1;
const NO_DECAY = { weightDecay: 0 };

/** Whether a document's population names a VAE, so that this grammar judges it. */
export function isVae(raw: unknown): boolean {
  const population = valueAt(raw, ['population']);
  return Array.isArray(population) && population.some((member) => valueAt(member, ['family']) === 'vae');
}

export function resolveVae(
  raw: unknown,
): { plan: ExperimentPlan; problems?: undefined } | { plan?: undefined; problems: Problem[] } {
  const parsed = vaeExperimentSchema.safeParse(raw);
  if (!parsed.success) return { problems: parsed.error.issues.flatMap((issue) => explain(issue, raw, vaeExperimentSchema)) };
  const doc = parsed.data;
  const problems = [...checkParts(doc), ...checkImages(doc)];
  const grammar: MemberGrammar<VaeMemberDocument, VaeMemberPlan> = {
    schema: vaeMemberSchema,
    records: 'images',
    plan: memberPlan,
    check: checkMember,
  };
  const metrics = metricPlans(doc.metrics, IMAGE_METRIC_NAMES, problems);
  const { population, conditions } = resolvePopulation(raw, doc, grammar, problems);
  if (problems.length > 0) return { problems };
  const { seeds, execution } = doc;
  return { plan: { ...planHead(doc), seeds, data: dataPlan(doc), population, conditions, metrics, execution } };
}

function dataPlan({ data: { train, valid, test, heldOut, limit } }: VaeExperimentDocument): ImageDataPlan {
  return {
    kind: 'images',
    train,
    ...(valid === undefined ? {} : { valid }),
    ...(test === undefined ? {} : { test }),
    heldOut: {
      valid: valid === undefined ? (heldOut.valid ?? SHARE) : 0,
      test: test === undefined ? (heldOut.test ?? SHARE) : 0,
    },
    limit,
  };
}

function memberPlan(member: VaeMemberDocument): VaeMemberPlan {
  const { generation0, training, sample, mixture: _, execution, ...rest } = member;
  const given = Object.fromEntries(Object.entries(generation0).filter(([, value]) => value !== undefined));
  return {
    ...rest,
    training: withOptimizer(training, NO_DECAY),
    generation0: withOptimizer(inheritTraining(training, given), NO_DECAY),
    ...(sample === undefined ? {} : { sample: samplePlan(sample) }),
    ...(execution === undefined ? {} : { execution }),
  };
}

function checkImages({ data }: VaeExperimentDocument): Problem[] {
  const problems: Problem[] = [];
  for (const split of ['valid', 'test'] as const) {
    if (data[split] !== undefined && data.heldOut[split] !== undefined) {
      problems.push({
        path: ['data', 'heldOut', split],
        atKey: true,
        message: `"${split}" has no effect, because data.${split} is a file`,
        suggestion: 'remove one of the two',
      });
    }
  }
  const { valid = SHARE, test = SHARE } = data.heldOut;
  const sum = (data.valid === undefined ? valid : 0) + (data.test === undefined ? test : 0);
  if (sum >= 1)
    problems.push({
      path: ['data', 'heldOut'],
      message: `holds out ${Number((100 * sum).toPrecision(4))} % of the images, so that none are left to train on`,
      suggestion: 'use smaller shares',
    });
  return problems;
}

function checkMember(member: VaeMemberPlan, given: (path: Path) => boolean): Problem[] {
  const problems = checkTraining(member.training, ['training']);
  const inherited = checkTraining(member.generation0, ['generation0']).filter(
    (p) => given(p.path) || !problems.some((q) => q.message === p.message),
  );
  const optimizers = (['training', 'generation0'] as const).flatMap((stage) => checkOptimizer(member[stage], stage, given));
  return [...problems, ...inherited, ...optimizers];
}
