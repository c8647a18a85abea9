/**
 * An operator: what becomes of the texts of a set, between writing and pool or between pool and training. A pure function with a name,
 * a version and settings, one file each: every text stays, goes, or keeps a part of itself; each that goes is counted.
 */
import type { z } from 'zod';

/** A text as an operator sees it: as it was written, and as the operators before left it. */
export interface Text {
  /** the answer alone where there is a template */
  readonly text: string;
  /** the ids it is written in, an end token among them */
  readonly tokens: readonly number[];
  /** the record that it continues: its id, and for operators with `comparesPrompts` its text */
  readonly continues?: string;
  readonly prompt?: string;
}

/** What becomes of a text; a part is told by its first character and the one behind its last, in UTF-16 units. */
export type Verdict = 'keep' | 'remove' | { readonly from: number; readonly to: number };

/** An observation of the texts (observations/), under the model that wrote them or under model 0 of the same member and seed. */
export interface ObservationNeed {
  readonly observation: string;
  readonly under: 'writer' | 'first';
}

/** The name under which an observation's table is handed over. */
export function tableName({ observation, under }: ObservationNeed): string {
  return `${observation}/${under}`;
}

/** By tableName; a row a text, in order. */
export type Tables = Readonly<Record<string, { readonly columns: Readonly<Record<string, ArrayLike<number>>> }>>;

export interface Operator<S extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** raised when the same texts would fare otherwise; part of the step's key */
  readonly version: number;
  /** one sentence: what stays and what goes */
  readonly summary: string;
  readonly settings: S;
  /** leaves parts of texts, which takes the tokenizer that they were written with */
  readonly shortens?: true;
  /** looks at what the texts continue */
  readonly comparesPrompts?: true;
  needs?(settings: z.output<S>): readonly ObservationNeed[];
  /** One verdict a text, in their order. */
  apply(texts: readonly Text[], settings: z.output<S>, tables: Tables): Verdict[];
}
