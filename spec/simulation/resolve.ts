/** From a checked file of cheap models to its plan. */
import { checkSimulation, checkWorld } from './check.js';
import { explain, valueAt, type Path, type Problem } from '../problems.js';
import { samplePlan } from '../mixture-schema.js';
import type { SimulatedCondition, SimulatedMember, SimulationPlan, WorldPlan } from './plan.js';
import { simulatedMemberSchema, simulationSchema, type SimulatedMemberDocument } from './schema.js';
import { z } from 'zod';

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
  const members = doc.population.map((member, i) => {
    const plan = memberPlan(member);
    problems.push(...checkWorld(plan).map((p) => ({ ...p, path: ['population', i, ...p.path] })));
    return plan;
  });
  const conditions = doc.conditions.map((condition, i): SimulatedCondition => {
    const plans = doc.population.map((member, m) => {
      const override = condition.override?.[member.name];
      if (override === undefined) return members[m];
      const at: Path = ['conditions', i, 'override', member.name];
      const merged = { ...(valueAt(raw, ['population', m]) as object), ...override };
      const again = simulatedMemberSchema.safeParse(merged);
      const mine = (path: Path): Path => (Object.hasOwn(override, String(path[0])) ? [...at, ...path] : at);
      if (!again.success) {
        problems.push(
          ...again.error.issues
            .flatMap((issue) =>
              explain(issue, { population: [merged] }, z.object({ population: z.array(simulatedMemberSchema) }), [
                'population',
                0,
              ]),
            )
            .map((p) => ({ ...p, path: mine(p.path.slice(2)) })),
        );
        return members[m];
      }
      const plan = memberPlan(again.data);
      problems.push(...checkWorld(plan).map((p) => ({ ...p, path: mine(p.path) })));
      return plan;
    });
    return { name: condition.name, mixture: condition.mixture, members: plans };
  });
  if (problems.length > 0) return { problems };
  return {
    plan: {
      kind: 'simulation',
      schemaVersion: 1,
      name: doc.name,
      ...(doc.title === undefined ? {} : { title: doc.title }),
      seeds,
      generations: doc.generations,
      ...(doc.data === undefined ? {} : { data: doc.data }),
      population: members,
      conditions,
      execution: doc.execution,
    },
  };
}

function memberPlan(member: SimulatedMemberDocument): SimulatedMember {
  const { name, sample: given, ...settings } = member;
  const sample = given === undefined ? { size: 0, growth: 0 } : samplePlan(given);
  const world =
    settings.family === 'n-gram'
      ? { ...settings, interpolation: settings.interpolation ?? INTERPOLATION[settings.order] }
      : settings;
  return { name, world: world as WorldPlan, sample };
}
