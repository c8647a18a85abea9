/** A kind of data and models, as the experiment's grammar knows it: what a file says of its data and members, and what that means. */
import type { z } from 'zod';
import type { RecordForm } from '../spec/mixture-schema.js';
import type { MixturePlan } from '../spec/mixture.js';
import type { Path, Problem } from '../spec/problems.js';
import type { Words } from './phrases.js';
import type { KindPlans } from './plans.js';

/** What a file's `data` is of. Where its members learn from several, `data` has an entry each. */
export type Real = keyof KindPlans;

/** What a file says beside its members. */
export interface FileWords {
  readonly tokenizer?: unknown;
  readonly metrics?: unknown;
  readonly population: readonly { readonly name: string; readonly family: string }[];
}

/** How members of a kind are read. */
export interface MemberGrammar<W = unknown, P = unknown> {
  /** what its members learn from and write */
  readonly records: RecordForm;
  /** how many records data.train has, at most; absent: not known before they are counted */
  readonly most?: number;
  plan(words: W): P;
  /** @param given whether the file itself sets a path of the member, so that a default is never blamed */
  check(plan: P, given: (path: Path) => boolean): Problem[];
  /** what such members cannot have of what a mixture may say */
  checkMixture?(mixture: MixturePlan, at: Path): Problem[];
  /** beside what their records are: why a member cannot learn from what another writes */
  unlike?(writer: object, reader: P): string | undefined;
}

/**
 * @typeParam D what the file says of its data
 * @typeParam P the plan's words for it
 * @typeParam W what the file says of a member
 */
export interface Kind<D = never, P = unknown, W = never> {
  readonly name: string;
  /** step: each step of a generation is an activity; chain: many generations of many seeds are one */
  readonly cost: 'step' | 'chain';
  /** grammars of members, by the family that they name */
  readonly families: Readonly<Record<string, z.ZodObject>>;
  /** what a phase cannot change of a member, beside name and family: what its models are made of, or what is true */
  readonly stays: readonly string[];
  readonly words: Words<never, P>;
  /** what its members write, as evaluations and observations name it; absent: what is measured follows from the family */
  readonly writes?: string;
  /** metrics where the file names none */
  usualMetrics(data: P): readonly string[];
  /** its real data, and their grammar; undefined where families such as these make their own */
  reads(families: ReadonlySet<string>): { readonly real: Real; readonly schema: z.ZodType; readonly example: string } | undefined;
  dataPlan(data: D): P;
  /** @param at path of the data in the file */
  checkFile(file: FileWords, data: D | undefined, at: Path): Problem[];
  member(file: FileWords, data: P): MemberGrammar<W>;
}
