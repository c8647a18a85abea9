/**
 * An operator: what becomes of the texts of a set, between writing and pool or between pool and training. A pure function with a name,
 * a version and settings, one file each: every text stays, once or several times, goes, keeps a part of itself or is edited; each that goes is counted.
 */
import type { z } from 'zod';

/** A text as an operator sees it: as it was written, and as the operators before left it. */
export interface Text {
  /** the answer alone where there is a template */
  readonly text: string;
  /** the ids it is written in, an end token among them */
  readonly tokens: readonly number[];
  /** for operators with `seesEnds`: places of end tokens in `tokens`, ascending */
  readonly ends?: readonly number[];
  /** the record that it continues: its id, and for operators with `comparesPrompts` its text */
  readonly continues?: string;
  readonly prompt?: string;
  /** the same of those that were written to choose from (decoding's numReturnSequences); absent of real texts */
  readonly candidateOf?: string;
}

/**
 * What becomes of a text: one that goes may say why, in a word or two that are counted; a part is told by its first character and the
 * one behind its last, in UTF-16 units; one that stays several times, how often (2 or more); one in whose place another stands, the ids
 * of that, as Text.tokens has them.
 */
export type Verdict =
  | 'keep'
  | 'remove'
  | { readonly remove: string }
  | { readonly from: number; readonly to: number }
  | { readonly times: number }
  | { readonly tokens: readonly number[] };

/** The verdict of a text that stays so many times. */
export function copies(times: number): Verdict {
  return times === 0 ? 'remove' : times === 1 ? 'keep' : { times };
}

/** Uniform in [0, 1), independent for each pair of numbers: by convention of the i-th text, from 0, and one of its uses. */
export type Draw = (i: number, use?: number) => number;

/**
 * An observation of the texts (observations/), under the model that wrote them or under model 0 of the same member and seed; by a
 * detector: one that learned what these wrote, or one that is given.
 */
export interface ObservationNeed {
  readonly observation: string;
  readonly under: 'writer' | 'first' | 'given';
  readonly by?: 'detector';
  /** under `given`: its source, in a run the local one's by what it holds (spec/sources.ts) */
  readonly model?: string;
  /** of the instrument */
  readonly settings?: Readonly<Record<string, number | string>>;
  /** it draws lots: the same for the same seed, generation, member and place in the list of operators */
  readonly draws?: true;
}

/** The name under which an observation's table is handed over. */
export function tableName({ observation, under }: ObservationNeed): string {
  return `${observation}/${under}`;
}

/** By tableName; a row a text, in order. */
export type Tables = Readonly<
  Record<
    string,
    {
      readonly columns: Readonly<Record<string, ArrayLike<number>>>;
      readonly texts?: Readonly<Record<string, readonly string[]>>;
    }
  >
>;

export interface Operator<S extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  /** raised when the same texts would fare otherwise; part of the step's key */
  readonly version: number;
  /** one sentence: what stays and what goes */
  readonly summary: string;
  readonly settings: S;
  /** leaves parts of texts, or others in their place, which takes the tokenizer that they were written with */
  readonly changes?: true;
  /** looks at what the texts continue */
  readonly comparesPrompts?: true;
  /** looks at end tokens, which takes the tokenizer, too */
  readonly seesEnds?: true;
  /** draws lots: its verdicts depend on seed, generation and member */
  readonly draws?: true;
  /** what becomes of a text depends on what others there are, too */
  readonly comparesTexts?: true;
  /** leaves one of several candidates of a prompt */
  readonly chooses?: true;
  needs?(settings: z.output<S>): readonly ObservationNeed[];
  /** leaves so many times as many texts as there are, where that is more; absent: no more */
  grows?(settings: z.output<S>): number;
  /** One verdict a text, in their order. @param draw the same for the same seed, generation, member and place in the list of operators */
  apply(texts: readonly Text[], settings: z.output<S>, tables: Tables, draw: Draw): Verdict[];
}
