/**
 * A setting of decoding, said once, beside the code that uses it: the experiment's grammar and its JSON schema, the plan's type and
 * defaults, what has no effect together, the flags of `lm generate`, descriptions and the tables of the docs are made from these.
 */
import type { z } from 'zod';

export interface DecodingSetting<T> {
  /** what may be given */
  readonly schema: z.ZodType<T>;
  /** what holds where nothing is given: it changes nothing */
  readonly off: T;
  /** one sentence without its beginning capital: what it does */
  readonly help: string;
  /** has an effect with some strategies alone: those with beams, those that draw at random, those that grow one sequence */
  readonly only?: StrategyTrait;
  /** a description of what is on names it so; absent: not at all */
  words?(value: T): string;
  /** is named also while it is off */
  readonly always?: true;
  /** the flag of `lm generate` where transformers' name is another; absent: the setting's name with hyphens */
  readonly flag?: string;
}

export type StrategyTrait = 'beams' | 'sampling' | 'single';

/** What settings hold. */
export type ValuesOf<S extends Readonly<Record<string, unknown>>> = {
  readonly [K in keyof S]: S[K] extends DecodingSetting<infer T> ? T : never;
};

/** Whether a setting changes anything. */
export function isOn<T>({ off }: Pick<DecodingSetting<T>, 'off'>, value: T): boolean {
  return JSON.stringify(value) !== JSON.stringify(off);
}

/** The flag of `lm generate` that gives it. */
export function flagOf(name: string, { flag }: Pick<DecodingSetting<never>, 'flag'>): string {
  return flag ?? `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
