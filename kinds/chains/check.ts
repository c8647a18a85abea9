/** How the parts of a cheap model fit together, where the schema cannot see it. */
import { isGiven, sourcesOf, termsOf, type MixturePlan } from '../../spec/mixture.js';
import type { Path, Problem } from '../../spec/problems.js';
import type { ChainMemberPlan, WorldPlan } from './plan.js';
import type { ChainDataDocument } from './schema.js';
import { TRUTH } from './truth.js';

const near = (a: number, b: number) => Math.abs(a - b) < 1e-9;

/** What n-grams cannot have of what language models beside them may say of their text. */
const NOT_OF_LINES = ['template', 'subset', 'heldOut'] as const;

/** @returns problems with paths inside the data, which a language model may share */
export function checkChainText(data: ChainDataDocument & Readonly<Record<string, unknown>>): Problem[] {
  const problems: Problem[] = [];
  if (data.test === undefined && data.heldOut === undefined && data.train.startsWith('file:'))
    problems.push({
      path: ['test'],
      message: 'is required, because data.train is a file',
      suggestion: 'add test: file:PATH of held-out text',
    });
  if (data.grammar !== undefined && !data.train.startsWith('grammar:') && data.block === undefined)
    problems.push({
      path: ['grammar'],
      atKey: true,
      message: 'has no effect, because no source is grammar:zipf',
      suggestion: 'remove it',
    });
  for (const key of NOT_OF_LINES)
    if (data[key] !== undefined)
      problems.push({
        path: [key],
        atKey: true,
        message: 'n-grams read every line of a text as it is',
        suggestion: 'remove it, or put the n-gram into a file of its own',
      });
  return problems;
}

/** Chains make their data as they are read, and keep two models: what they cannot have is refused. */
export function checkChainMixture(mixture: MixturePlan, at: Path): Problem[] {
  return termsOf(mixture).flatMap((one): Problem[] => {
    const real = sourcesOf(one).every(isGiven);
    const usual = real || one.generation === 'previous' || one.generation === 'current' || one.generation === 'all';
    if (usual || (one.generation === -2 && one.draw === 'fresh')) return [];
    return [
      {
        path: at,
        message: `cheap models keep their last two models and no records, so generation: ${one.generation} is gone by then`,
        suggestion: 'use previous, current, all, or -2 with draw: fresh',
      },
    ];
  });
}

/** Why a cheap model cannot learn from what another member writes; undefined where it can. */
export function unlikeChain(
  writer: { readonly name: string; readonly world?: WorldPlan },
  reader: ChainMemberPlan,
): string | undefined {
  const [from, to] = [writer.world, reader.world];
  if (from?.family !== to.family)
    return `${writer.name} writes no records of the family ${to.family}, of which ${reader.name} is`;
  if (to.family === 'regression')
    return `each regression answers inputs of its own, so what ${writer.name} answers says nothing of those of ${reader.name}`;
  const [a, b] = [from, to] as unknown as Readonly<Record<string, unknown>>[];
  // what an n-gram writes are lines of its order
  const alike: readonly string[] = to.family === 'n-gram' ? ['order'] : TRUTH[to.family];
  const other = alike.find((key) => JSON.stringify(a[key]) !== JSON.stringify(b[key]));
  if (other === undefined) return undefined;
  return `${writer.name} and ${reader.name} learn of different truths, because their ${other} differs`;
}

/** A member's settings among themselves; paths are relative to the member. */
export function checkWorld({ world, sample }: ChainMemberPlan): Problem[] {
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
