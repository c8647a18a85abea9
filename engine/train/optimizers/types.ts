/**
 * What an optimiser is: the arrays that it keeps of a parameter (init), how a step changes them (update), and its settings, said once
 * here: the grammar of experiments, its JSON schema, the plan's type and descriptions are made from them. All else is common:
 * memories, clipping, checkpoints, schedules.
 */
import type { z } from 'zod';
import type { Kernels } from '../kernels.js';
import type { Func } from '../wasm.js';

export interface OptimizerSetting<T> {
  /** what may be given: the same for every optimiser that has a setting of this name */
  readonly schema: z.ZodType<T>;
  /** what holds where nothing is given; the reference library's */
  readonly default: T;
  /** one sentence without its beginning capital: what it does */
  readonly help: string;
  /** a description names it so where it is not the default; absent: not at all */
  words?(value: T): string;
  /** it has no effect where this setting, whose default is off, is not given */
  readonly needs?: string;
}

/** An optimiser with its settings S: a row of optimizers/index.ts. */
export interface OptimizerKind<S> {
  /** what descriptions call it */
  readonly words: string;
  readonly settings: { readonly [K in keyof S]: OptimizerSetting<S[K]> };
  rule(settings: S): UpdateRule;
}

export interface UpdateRule {
  /** kernels of its own; always the same array, for which they are compiled once */
  readonly functions: readonly Func[];
  /** the arrays that it keeps of a parameter of some shape, by name; they begin as zeros, and a checkpoint holds them */
  init(shape: readonly number[]): Readonly<Record<string, readonly number[]>>;
  /** bytes of scratch space that an update of such a parameter needs; absent: none */
  scratch?(shape: readonly number[]): number;
  /** changes weights and arrays in place; what follows them to a whole vector is zeros before and after */
  update(parameter: Parameter, step: Step): void;
}

/** A parameter in its memory. */
export interface Parameter {
  readonly shape: readonly number[];
  readonly weights: Float32Array;
  readonly gradient: Float32Array;
  /** the rule's arrays */
  readonly state: Readonly<Record<string, Float32Array>>;
  readonly kernels: Kernels & Readonly<Record<string, (...operands: number[]) => number>>;
  /** byte offsets for kernels: of the weights and where they end, to a whole vector; of the gradient; of the rule's arrays; of its scratch space */
  readonly at: Readonly<Record<string, number>> & {
    readonly weights: number;
    readonly end: number;
    readonly gradient: number;
    readonly scratch: number;
  };
}

export interface Step {
  /** from 1 */
  readonly number: number;
  readonly learningRate: number;
  /** what gradients are multiplied by, so that their global norm is clipped; in (0, 1] */
  readonly coefficient: number;
}
