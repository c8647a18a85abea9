/** How the parts of an experiment file fit together that are the same for every kind of data and models. Returns problems, throws nothing. */
import { realTextProblem } from '../evaluations/real-text.js';
import { metricNamed, variantsOf } from './metrics.js';
import { mixesOf } from './mixes.js';
import type { ExperimentDocument } from './schema.js';
import type { MetricDocument } from './metric-plans.js';
import { checkOverrides, checkPhases, type Changed } from './overrides.js';
import { stagesOf } from './phases.js';
import type { ConditionPlan, MetricPlan } from './plan.js';
import type { Path, Problem } from './problems.js';
import { writesRealText } from './real-text.js';

/** @param members what conditions and phases cannot change of them */
export function checkParts(
  doc: ExperimentDocument & { readonly seeds: readonly number[] },
  members: readonly Changed[],
): Problem[] {
  return [
    ...duplicates(doc.seeds, ['seeds'], (seed) => seed, 'seed'),
    ...duplicates(doc.conditions, ['conditions'], (c) => c.name, 'condition', 'name'),
    ...duplicates(
      doc.metrics ?? [],
      ['metrics'],
      (m) => {
        const { name, variant, settings, size, of } = typeof m === 'string' ? { name: m, settings: {} } : m;
        return JSON.stringify({ name, variant: metricNamed(name, variant).variant, settings, size, of });
      },
      'metric',
    ),
    ...duplicates(doc.population, ['population'], (m) => m.name, 'member', 'name'),
    ...doc.conditions.flatMap(({ override, phases, seeds }, i) => [
      ...duplicates(seeds ?? [], ['conditions', i, 'seeds'], (seed) => seed, 'seed'),
      ...checkOwnSeeds(seeds, doc.seeds, ['conditions', i, 'seeds']),
      ...checkOverrides(override, members, ['conditions', i]),
      ...checkPhases(phases, members, ['conditions', i]),
    ]),
    ...(doc.metrics ?? []).flatMap((metric, i) => checkVariant(metric, ['metrics', i])),
  ];
}

/** A condition may have fewer seeds than the experiment, not others; with `--set seeds=1` only some of its own may be left. */
function checkOwnSeeds(own: readonly number[] | undefined, all: readonly number[], path: Path): Problem[] {
  if (own === undefined || own.some((seed) => all.includes(seed))) return [];
  return [
    {
      path,
      message: `none of its seeds is one of the experiment’s`,
      suggestion: 'add them to seeds, or leave this condition’s out',
    },
  ];
}

function duplicates<T>(items: readonly T[], path: Path, key: (item: T) => unknown, noun: string, member?: string): Problem[] {
  const first = new Map<unknown, number>();
  return items.flatMap((item, i) => {
    const seen = first.get(key(item));
    if (seen === undefined) {
      first.set(key(item), i);
      return [];
    }
    const at = member === undefined ? [...path, i] : [...path, i, member];
    const which = typeof key(item) === 'number' || member !== undefined ? `${noun} ${JSON.stringify(key(item))}` : `this ${noun}`;
    return [
      {
        path: at,
        message: `${which} is there twice`,
        suggestion: `remove it or change it; the first is ${path.join('.')}.${seen}`,
      },
    ];
  });
}

/** A metric is computed in one way or in several, and a file may name which. */
export function checkVariant(metric: MetricDocument, path: Path): Problem[] {
  if (typeof metric === 'string' || metric.variant === undefined) return [];
  const variants = variantsOf(metric.name).map(({ variant }) => variant);
  if (variants.includes(metric.variant)) return [];
  return [
    {
      path: [...path, 'variant'],
      message: `${metric.name} has no variant ${JSON.stringify(metric.variant)}`,
      suggestion: variants.length === 1 ? `its variant is ${variants[0]}` : `one of: ${variants.join(', ')}`,
    },
  ];
}

/** A metric of the mixed test set needs somebody who has one. */
export function checkMixedMetric(metric: MetricDocument, conditions: readonly ConditionPlan[], path: Path): Problem[] {
  const { name, variant } = typeof metric === 'string' ? { name: metric } : metric;
  if (metricNamed(name, variant).needs.observations?.every(({ of }) => of !== 'mixed') ?? true) return [];
  const all = conditions.flatMap((condition) => stagesOf(condition).flatMap(({ members }) => members));
  if (all.some((member) => mixesOf(member).includes('test'))) return [];
  const suggestion = 'give the member mixes: [train, valid, test], or remove it';
  return [{ path, message: `${variant} is of a test set that is mixed, and no member mixes its own`, suggestion }];
}

/** Nothing learns from real text that stands in place of what a model would write, and something is to be measured of it. */
export function checkRealText(conditions: readonly ConditionPlan[], metrics: readonly MetricPlan[]): Problem[] {
  return conditions.flatMap((condition, i): Problem[] => {
    const member = stagesOf(condition).flatMap(({ members }) => members).find(writesRealText); // prettier-ignore
    if (member === undefined) return [];
    const path = ['conditions', i];
    // an experiment of generation 0 alone may be extended
    if (condition.generations !== 0)
      return [{ path, message: `${member.name} writes real text in it, which is the same in every generation`, suggestion: 'give the condition generations: 0' }]; // prettier-ignore
    if (metrics.some(({ name, variant, settings }) => realTextProblem(metricNamed(name, variant), settings) === undefined))
      return [];
    return [{ path, message: `real text has no value here: no metric of this file looks at written texts alone`, suggestion: 'add one to metrics, such as distinct-2, or remove it' }]; // prettier-ignore
  });
}
