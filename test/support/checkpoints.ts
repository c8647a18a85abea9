/** test/golden/checkpoints.json, which make_checkpoints.py writes. */
import { readFileSync } from 'node:fs';

/** A model of test/golden/lm with other fields in its config and other weights. */
export interface OddModel {
  readonly base: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: string | null;
  /** of each row */
  readonly nll: readonly number[];
}

interface Checkpoints {
  readonly rows: readonly (readonly number[])[];
  readonly models: readonly OddModel[];
  /** the same for its adapter lora-10-steps */
  readonly adapters: readonly OddModel[];
  readonly last_position: readonly { readonly base: string; readonly prompt: number[]; readonly new_tokens: number[] }[];
}

export function readCheckpoints(): Checkpoints {
  return JSON.parse(readFileSync('test/golden/checkpoints.json', 'utf8')) as Checkpoints;
}
