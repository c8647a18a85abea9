/** How the parts of a file of cheap models fit together, where the schema cannot see it. */
import { isGiven, sourcesOf, termsOf, type MixturePlan } from '../mixture.js';
import type { Path, Problem } from '../problems.js';
import { checkOverrides } from '../overrides.js';
import type { SimulatedMember } from './plan.js';
import type { SimulationDocument } from './schema.js';

const near = (a: number, b: number) => Math.abs(a - b) < 1e-9;

export function checkSimulation(doc: SimulationDocument, seeds: readonly number[]): Problem[] {
  const problems: Problem[] = [];
  if (new Set(seeds).size < seeds.length)
    problems.push({ path: ['seeds'], message: 'a seed is there twice', suggestion: 'remove it' });
  if (doc.population.length > 1) {
    problems.push({
      path: ['population', 1],
      message: 'a population of more than one cheap model is not implemented yet',
      suggestion: 'keep one member',
    });
  }
  const text = doc.population.some(({ family }) => family === 'n-gram');
  if (text && doc.data === undefined) {
    problems.push({
      path: ['data'],
      message: 'is required by family: n-gram',
      suggestion: 'add data: {train: file:PATH, test: file:PATH}',
    });
  }
  if (!text && doc.data !== undefined) {
    problems.push({
      path: ['data'],
      atKey: true,
      message: 'has no effect: this family draws its own real data',
      suggestion: 'remove it',
    });
  }
  const members = doc.population.map(({ name }) => name);
  const names = new Set<string>();
  doc.conditions.forEach((condition, i) => {
    if (names.has(condition.name)) {
      problems.push({
        path: ['conditions', i, 'name'],
        message: `condition ${JSON.stringify(condition.name)} is there twice`,
        suggestion: 'give it another name',
      });
    }
    names.add(condition.name);
    problems.push(...checkOverrides(condition.override, members, ['conditions', i]));
    if (condition.phases !== undefined)
      problems.push({
        path: ['conditions', i, 'phases'],
        atKey: true,
        message: 'phases are not implemented yet for cheap models',
        suggestion: 'remove them',
      });
  });
  return problems;
}

/** Chains make their data as they are read, and keep two models: what they cannot have is refused. */
export function checkChainMixture(mixture: MixturePlan, at: Path): Problem[] {
  return termsOf(mixture).flatMap((one): Problem[] => {
    const real = sourcesOf(one).every(isGiven);
    const usual = real || one.generation === 'previous' || one.generation === 'all';
    if (usual || (one.generation === -2 && one.draw === 'fresh')) return [];
    return [
      {
        path: at,
        message: `generation: ${one.generation} is not implemented yet for cheap models`,
        suggestion: 'use previous, all, or -2 with draw: fresh',
      },
    ];
  });
}

/** A member's settings among themselves; paths are relative to the member. */
export function checkWorld({ world, sample }: SimulatedMember): Problem[] {
  switch (world.family) {
    case 'regression':
      return sample.size < world.dimensions
        ? [
            {
              path: ['sample'],
              message: `${sample.size} records do not determine ${world.dimensions} coefficients`,
              suggestion: `use at least ${world.dimensions}`,
            },
          ]
        : [];
    case 'gmm': {
      const problems: Problem[] = [];
      const d = world.truth[0].mean.length;
      const weight = world.truth.reduce((sum, c) => sum + c.weight, 0);
      if (!near(weight, 1)) problems.push({ path: ['truth'], message: `the weights sum to ${weight}, not 1` });
      if (world.truth.some(({ mean }) => mean.length !== d))
        problems.push({ path: ['truth'], message: 'the means have different numbers of coordinates' });
      if (sample.size < world.components)
        problems.push({
          path: ['components'],
          message: `${world.components} components are more than the ${sample.size} records`,
        });
      return problems;
    }
    case 'n-gram': {
      const { interpolation, order } = world;
      if (interpolation.length !== order + 1)
        return [
          {
            path: ['interpolation'],
            message: `must have ${order + 1} weights for order ${order}, but has ${interpolation.length}`,
          },
        ];
      const sum = interpolation.reduce((a, b) => a + b, 0);
      if (!near(sum, 1)) return [{ path: ['interpolation'], message: `the weights sum to ${sum}, not 1` }];
      if (interpolation[order] === 0)
        return [{ path: ['interpolation', order], message: 'must be above 0, or an unknown word has no probability' }];
      return sample.growth !== 0 && sample.size === 0 ? [{ path: ['sample'], message: 'growth needs a size' }] : [];
    }
    default:
      return [];
  }
}
