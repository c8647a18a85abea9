/** Settings of a training, whatever is trained: from what a file says to the plan, and what is wrong with it. */
import { z } from 'zod';
import {
  DEFAULT_OPTIMIZER,
  OPTIMIZER_SETTINGS,
  optimizerPlan,
  optimizersWith,
  settingsOf,
  type OptimizerPlan,
} from '../engine/train/optimizers/index.js';
import type { SchedulePlan } from '../engine/train/schedule.js';
import type { Path, Problem } from './problems.js';

/** How long a training lasts, of which a file gives one. */
const LENGTHS: readonly string[] = ['epochs', 'maxSteps'] satisfies (keyof SchedulePlan)[];

type Without<T> = Omit<T, keyof OptimizerPlan>;

/**
 * Training settings with those of their optimiser filled in, and without those of others.
 * @param usual defaults of the family, where they are not the optimiser's
 */
export function withOptimizer<T extends OptimizerPlan>(training: T, usual: OptimizerPlan = {}): Without<T> & OptimizerPlan {
  return { ...without(training), ...optimizerPlan({ ...usual, ...training }) };
}

/**
 * Generation 0's settings inherit those of `training`; of the optimiser's where it is the same, and how long it lasts where it does not
 * say that itself.
 */
export function inheritTraining<T extends OptimizerPlan>(training: T, given: { readonly [K in keyof T]?: T[K] | undefined }): T {
  const own = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<T>;
  const { optimizer = DEFAULT_OPTIMIZER } = training;
  const same = (own.optimizer ?? optimizer) === optimizer;
  const inherited = Object.entries(same ? training : without(training));
  const lasts = LENGTHS.some((name) => name in own);
  return { ...Object.fromEntries(inherited.filter(([name]) => !lasts || !LENGTHS.includes(name))), ...own } as unknown as T;
}

function without<T extends OptimizerPlan>(training: T): Without<T> {
  const own: readonly string[] = ['optimizer', ...OPTIMIZER_SETTINGS];
  return Object.fromEntries(Object.entries(training).filter(([key]) => !own.includes(key))) as unknown as Without<T>;
}

/**
 * Settings of another optimiser, and those that another setting leaves without effect.
 * @param stage where the plan stands in its member
 */
function checkOptimizer(plan: OptimizerPlan, stage: 'training' | 'generation0', given: (path: Path) => boolean): Problem[] {
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

/** Generation 0's training settings: any of the fields, without their defaults. */
export function inheriting<T extends z.ZodRawShape>(fields: T) {
  return z
    .strictObject(
      Object.fromEntries(
        Object.entries(fields).map(([key, field]) => [
          key,
          (field instanceof z.ZodDefault ? (field.unwrap() as z.ZodType) : (field as z.ZodType)).optional(),
        ]),
      ) as { [K in keyof T]: z.ZodOptional<T[K] extends z.ZodDefault<infer U extends z.ZodType> ? U : T[K]> },
    )
    .describe("Generation 0's training where it differs from `training`; what is not said here is inherited.");
}

/** How the parts of a learning-rate schedule fit together. */
function checkTraining(training: SchedulePlan, path: Path): Problem[] {
  const problems: Problem[] = [];
  if ((training.epochs === undefined) === (training.maxSteps === undefined)) {
    problems.push({
      path: training.epochs === undefined ? path : [...path, 'maxSteps'],
      message: 'must have one of epochs and maxSteps',
      suggestion: training.epochs === undefined ? 'add epochs: 3' : 'remove one of them',
    });
  }
  if (training.scheduleUnit === 'epoch' && training.maxSteps !== undefined) {
    problems.push({
      path: [...path, 'scheduleUnit'],
      message: 'epoch needs epochs, and the training lasts maxSteps steps',
      suggestion: 'use scheduleUnit: step',
    });
  }
  if (training.minLearningRate > training.learningRate) {
    problems.push({
      path: [...path, 'minLearningRate'],
      message: `${training.minLearningRate} is above learningRate = ${training.learningRate}`,
    });
  }
  if (training.schedule === 'constant' && training.minLearningRate > 0) {
    problems.push({
      path: [...path, 'minLearningRate'],
      message: 'has no effect with schedule: constant',
      suggestion: 'remove it',
    });
  }
  if (training.scheduleUnit === 'epoch' && training.warmup > 0) {
    problems.push({
      path: [...path, 'warmup'],
      message: 'warm-up with scheduleUnit: epoch is not implemented yet',
      suggestion: 'use scheduleUnit: step, or remove warmup',
    });
  }
  return problems;
}

/**
 * Both stages of a member's training; what generation 0 inherits is blamed once.
 * @param given whether the file itself sets a path of the member
 */
export function checkStages(
  member: Readonly<Record<'training' | 'generation0', SchedulePlan & OptimizerPlan>>,
  given: (path: Path) => boolean,
): Problem[] {
  const problems = checkTraining(member.training, ['training']);
  const inherited = checkTraining(member.generation0, ['generation0']).filter(
    (p) => given(p.path) || !problems.some((q) => q.message === p.message),
  );
  return [
    ...problems,
    ...inherited,
    ...(['training', 'generation0'] as const).flatMap((stage) => checkOptimizer(member[stage], stage, given)),
  ];
}
