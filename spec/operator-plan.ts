/** Operators as a plan has them. Workflows read them, so nothing here knows what an operator does. */
import type { ObservationNeed } from '../operators/types.js';

/** An operator by name, with settings that go into the step's key. */
export interface OperatorPlan {
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** beside the texts; absent: nothing */
  readonly needs?: OperatorNeeds;
}

export interface OperatorNeeds {
  /** the tokenizer that the texts were written with */
  readonly tokenizer?: true;
  /** what they continue */
  readonly prompts?: true;
  readonly observations?: readonly ObservationNeed[];
  /** a stream of random numbers */
  readonly draws?: true;
  /** several candidates of each prompt, of which it leaves one */
  readonly candidates?: true;
  /** leaves so many times as many texts as there are */
  readonly grows?: number;
}

/** How many times as many texts a list of operators leaves, at most. */
export function growthBy(list: readonly OperatorPlan[] = []): number {
  return list.reduce((product, { needs }) => product * (needs?.grows ?? 1), 1);
}

/** What the operators of a list need together. */
export function needsOf(list: readonly OperatorPlan[]) {
  return {
    tokenizer: list.some(({ needs }) => needs?.tokenizer),
    prompts: list.some(({ needs }) => needs?.prompts),
    observations: list.flatMap(({ needs }) => needs?.observations ?? []),
    draws: list.some(({ needs }) => needs?.draws),
    candidates: list.some(({ needs }) => needs?.candidates),
  };
}

/** `cut {at: "\n"}, dedupe`: exact, so that two lists that differ are called differently. */
export function operatorWords(list: readonly OperatorPlan[]): string {
  return list
    .map(({ name, settings }) => {
      const given = Object.entries(settings).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
      return given.length === 0 ? name : `${name} {${given.join(', ')}}`;
    })
    .join(', ');
}
