/** The optimiser of a training: from what a file says to the plan, and what is wrong with it. */
import {
  DEFAULT_OPTIMIZER,
  OPTIMIZER_SETTINGS,
  optimizerPlan,
  optimizersWith,
  settingsOf,
  type OptimizerPlan,
} from '../engine/train/optimizers/index.js';
import type { Path, Problem } from './problems.js';

type Without<T> = Omit<T, keyof OptimizerPlan>;

/**
 * Training settings with those of their optimiser filled in, and without those of others.
 * @param usual defaults of the family, where they are not the optimiser's
 */
export function withOptimizer<T extends OptimizerPlan>(training: T, usual: OptimizerPlan = {}): Without<T> & OptimizerPlan {
  return { ...without(training), ...optimizerPlan({ ...usual, ...training }) };
}

/** Generation 0's settings inherit those of `training`; of the optimiser's where it is the same. */
export function inheritTraining<T extends OptimizerPlan>(training: T, own: Partial<T>): T {
  const { optimizer = DEFAULT_OPTIMIZER } = training;
  const same = (own.optimizer ?? optimizer) === optimizer;
  return { ...(same ? training : without(training)), ...own } as T;
}

function without<T extends OptimizerPlan>(training: T): Without<T> {
  const own: readonly string[] = ['optimizer', ...OPTIMIZER_SETTINGS];
  return Object.fromEntries(Object.entries(training).filter(([key]) => !own.includes(key))) as unknown as Without<T>;
}

/**
 * Settings of another optimiser, and those that another setting leaves without effect.
 * @param stage where the plan stands in its member
 */
export function checkOptimizer(
  plan: OptimizerPlan,
  stage: 'training' | 'generation0',
  given: (path: Path) => boolean,
): Problem[] {
  const { optimizer = DEFAULT_OPTIMIZER } = plan;
  const own = new Map<string, { readonly needs?: string }>(settingsOf(optimizer));
  return OPTIMIZER_SETTINGS.filter((name) => given([stage, name])).flatMap((name): Problem[] => {
    const problem = { path: [stage, name], atKey: true };
    const row = own.get(name);
    if (row === undefined) {
      const suggestion = `use optimizer: ${optimizersWith(name).join(' or ')}, or remove it`;
      return [{ ...problem, message: `"${name}" has no effect with optimizer: ${optimizer}`, suggestion }];
    }
    const { needs } = row;
    // of what is off a plan says nothing
    if (needs === undefined || plan[name] === undefined || plan[needs as keyof OptimizerPlan] !== undefined) return [];
    return [{ ...problem, message: `"${name}" has no effect without ${needs}`, suggestion: `add ${needs}, or remove it` }];
  });
}
