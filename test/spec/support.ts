import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isHabsburgError } from '../../common/errors.js';
import type { Phased } from '../../spec/phases.js';
import type { LanguageModelPlan, TextDataPlan } from '../../kinds/text/plan.js';
import type { ExperimentPlan, Mixed } from '../../spec/plan.js';
import { loadExperiment, problemText, type LoadedExperiment, type LoadOptions, type SpecProblem } from '../../spec/load.js';

/** The smallest sensible experiment, as lines that tests change. */
export const SMALL = `schemaVersion: 1
name: small
seeds: [1]
generations: 2
data: { train: grammar:zipf, block: 16 }
tokenizer: { kind: bpe, vocabulary: 300 }
population:
  - name: opt
    base: { kind: scratch, architecture: { hidden: 16, layers: 1, heads: 2 } }
    start: previous
    training: { epochs: 2, batch: 4, learningRate: 1e-3 }
    decoding: { strategy: greedy }
    prompts: original
conditions:
  - name: replace
    mixture: { kind: replace }
`;

export async function folder(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), 'habsburg-spec-'));
}

/** Of a file about language models alone. */
export type TextPlan = Omit<ExperimentPlan, 'data' | 'population' | 'conditions'> & {
  readonly data: { readonly text: TextDataPlan };
  readonly population: readonly LanguageModelPlan[];
  readonly conditions: readonly ({ readonly name: string; readonly data?: TextDataPlan } & Phased<Mixed<LanguageModelPlan>>)[];
};
type LoadedText = Omit<LoadedExperiment, 'plan'> & { readonly plan: TextPlan };

export async function loadText(pathOrPreset: string, options: LoadOptions = {}): Promise<LoadedText> {
  return (await loadExperiment(pathOrPreset, options)) as LoadedText;
}

export async function load(yaml: string | Uint8Array, options: LoadOptions = {}): Promise<LoadedText> {
  const file = path.join(await folder(), 'e.yaml');
  await writeFile(file, yaml);
  return loadText(file, options);
}

/** Problems as text, the file shortened to e.yaml. */
export async function problems(yaml: string | Uint8Array, options: LoadOptions = {}): Promise<string[]> {
  try {
    await load(yaml, options);
    return [];
  } catch (error) {
    if (!isHabsburgError(error) || error.kind !== 'invalid') throw error;
    const list = error.details?.problems as SpecProblem[] | undefined;
    if (list === undefined) return [error.message.replace(/\S*\/e\.yaml/g, 'e.yaml')];
    return list.map((problem) => problemText({ ...problem, file: 'e.yaml' }));
  }
}
