/** Small stores of which every record is there: chains of texts whose shares have laws, and the writing down of records and selections. */
import type { StepFacts } from '../../artifacts/statement.js';
import type { DataRecord } from '../../pool/records.js';
import { Household } from './support.js';

/** As many training tokens as a record has, twice. */
export const TRAINING = { epochs: 2, batch: 4, accumulation: 1, select: 'last' };

export class Toy extends Household {
  readonly #records: Record<string, readonly DataRecord[]> = {};

  lines(records: readonly DataRecord[]): string {
    return records.map((record) => `${JSON.stringify(record)}\n`).join('');
  }

  /** Texts that people wrote: `train/000000` and so on, each of its number's words. */
  async people(
    count: number,
    { origin, length = 8 }: { origin?: 'human' | 'synthetic'; length?: number } = { origin: 'human' },
  ): Promise<void> {
    await this.source('people', 'all of it', true, origin);
    const records = Array.from({ length: count }, (_, i) => record(`train/${pad(i)}`, { kind: 'real', source: 'file:people' }, `person ${i}`, length)); // prettier-ignore
    await this.dataset('real', records, {}, { step: 'prepare', generation: 0 }, { train: 'people' });
  }

  async dataset(
    name: string,
    records: readonly DataRecord[],
    inputs: Readonly<Record<string, string>>,
    more: Partial<StepFacts>,
    sources: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    // prettier-ignore
    this.#records[name] = records;
    await this.step(name, 'dataset', { 'records.jsonl': this.lines(records) }, inputs, more, sources);
  }

  recordsOf(name: string): readonly DataRecord[] {
    return this.#records[name];
  }

  /** @param runs [set's name, first, count] */
  async selection(name: string, runs: readonly (readonly [string, number, number])[], more: Partial<StepFacts>): Promise<void> {
    const names = [...new Set(runs.map(([set]) => set))];
    const sets = names.map((set) => {
      const { kind, digest } = this.made[set];
      return { kind, digest, records: this.#records[set].length };
    });
    this.#records[name] = runs.flatMap(([set, first, count]) => this.#records[set].slice(first, first + count));
    const document = { schema: 'habsburg.selection/v1', sets, runs: runs.map(([set, first, count]) => [names.indexOf(set), first, count]) }; // prettier-ignore
    await this.step(name, 'selection', { 'selection.json': JSON.stringify(document) }, Object.fromEntries(names.map((set) => [more.step === 'postprocess' ? 'set' : set, set])), { step: 'sample', ...more }); // prettier-ignore
  }

  async model(name: string, train: string, more: Partial<StepFacts> = {}, training: object = {}, start?: string): Promise<void> {
    const parameters = { family: 'language-model', training: { ...TRAINING, ...training }, scratch: start ? null : {} };
    await this.step(name, 'model', { 'config.json': '{}', 'model.safetensors': `weights of ${name}` }, { train, ...(start && { start }) }, { parameters, ...more }); // prettier-ignore
  }

  /** One text of the model for each record of the prompts. */
  async texts(name: string, model: string, prompts: string, more: Partial<StepFacts> = {}, length = 8): Promise<void> {
    const { member = 'opt', generation = 0 } = more;
    const records = this.#records[prompts].map(({ id }, i) => record(`g${generation}/${member}/${pad(i)}`, { kind: 'generated', member, generation, model: this.made[model].digest, prompt: id }, `${name} ${i}`, length)); // prettier-ignore
    await this.dataset(name, records, { model, prompts }, { step: 'generate', member, generation, ...more });
  }

  /** Model t is fitted to round(share · n) of the people's texts and the rest of what model t - 1 wrote; model 0 to the people's alone. */
  async chain(generations: number, share: number, n: number, origin: { origin?: 'human' } = { origin: 'human' }): Promise<void> {
    await this.people(n, origin);
    for (let generation = 0; generation <= generations; generation++) {
      const at = { member: 'opt', generation };
      const kept = generation === 0 ? n : Math.round(share * n);
      const runs: [string, number, number][] = [
        ['real', 0, kept],
        [`texts/${generation - 1}`, kept, n - kept],
      ];
      await this.selection(`train/${generation}`, runs.filter(([, , count]) => count > 0), at); // prettier-ignore
      await this.model(`model/${generation}`, `train/${generation}`, at);
      await this.texts(`texts/${generation}`, `model/${generation}`, 'real', at);
      await this.result('keep/seed-1', generation, 'opt', { model: `model/${generation}`, dataset: `train/${generation}`, generated: `texts/${generation}` }); // prettier-ignore
    }
  }
}

export const pad = (i: number): string => String(i).padStart(6, '0');

export function record(
  id: string,
  origin: DataRecord['origin'],
  text: string,
  length: number,
  prompt?: { tokens: number; text: string },
): DataRecord {
  // prettier-ignore
  return { id, tokens: Array.from({ length: length + (prompt?.tokens ?? 0) }, (_, i) => i), text, ...(prompt && { prompt }), origin };
}
