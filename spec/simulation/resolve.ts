/** From a checked file of cheap models to its plan. */
import { checkChainMixture, checkSimulation, checkWorld } from './check.js';
import { planHead, resolvePopulation, type MemberGrammar } from '../population.js';
import { explain, valueAt, type Problem } from '../problems.js';
import { samplePlan } from '../mixture-schema.js';
import type { SimulatedMember, SimulationPlan, WorldPlan } from './plan.js';
import { simulatedMemberSchema, simulationSchema, type SimulatedMemberDocument } from './schema.js';

const INTERPOLATION: Readonly<Record<number, readonly number[]>> = {
  1: [0.99, 0.01],
  2: [0.7, 0.29, 0.01],
  3: [0.5, 0.3, 0.19, 0.01],
};

/** The families that a file of this kind may name. */
export const SIMULATED_FAMILIES: readonly string[] = simulatedMemberSchema.options.map(({ shape }) => shape.family.value);

/** Whether a document's population names a cheap family, so that this grammar judges it. */
export function isSimulation(raw: unknown): boolean {
  const population = valueAt(raw, ['population']);
  return (
    Array.isArray(population) && population.some((member) => SIMULATED_FAMILIES.includes(String(valueAt(member, ['family']))))
  );
}

export function resolveSimulation(
  raw: unknown,
): { plan: SimulationPlan; problems?: undefined } | { plan?: undefined; problems: Problem[] } {
  const parsed = simulationSchema.safeParse(raw);
  if (!parsed.success) return { problems: parsed.error.issues.flatMap((issue) => explain(issue, raw, simulationSchema)) };
  const doc = parsed.data;
  const seeds = Array.isArray(doc.seeds)
    ? doc.seeds
    : Array.from({ length: doc.seeds.count }, (_, i) => (doc.seeds as { from: number }).from + i);
  const problems = checkSimulation(doc, seeds);
  const grammar: MemberGrammar<SimulatedMemberDocument, SimulatedMember> = {
    schema: simulatedMemberSchema,
    records: 'chains',
    plan: memberPlan,
    check: checkWorld,
  };
  const unchanging = { ...doc, conditions: doc.conditions.map(({ phases: _, ...condition }) => condition) };
  const { population, conditions } = resolvePopulation(raw, unchanging, grammar, problems);
  conditions.forEach(({ members: [{ mixture }] }, c) => problems.push(...checkChainMixture(mixture, ['conditions', c])));
  if (problems.length > 0) return { problems };
  const { data, execution } = doc;
  return {
    plan: {
      kind: 'simulation',
      ...planHead(doc),
      seeds,
      ...(data === undefined ? {} : { data }),
      population,
      conditions: conditions.map(({ name, members }) => ({
        name,
        mixture: members[0].mixture,
        members: members.map(({ mixture: _, ...member }) => member),
      })),
      execution,
    },
  };
}

function memberPlan(member: SimulatedMemberDocument): SimulatedMember {
  const { name, sample: given, mixture: _, ...settings } = member;
  const sample = given === undefined ? { size: 0, growth: 0 } : samplePlan(given);
  const world =
    settings.family === 'n-gram'
      ? { ...settings, interpolation: settings.interpolation ?? INTERPOLATION[settings.order] }
      : settings;
  return { name, world: world as WorldPlan, sample };
}
