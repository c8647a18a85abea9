/** Weights that are no numbers: where a model computes NaN or infinities, the error names what it comes from. */
import { HabsburgError } from '../../common/errors.js';
import type { Model } from './huggingface.js';
import { readStored } from './stored.js';

/**
 * @param what what came out of the model, such as `the log-likelihoods of row 3`
 * @returns an error `verification` that names the first weight that is not finite, where there is one
 */
export async function notFinite(model: Model, what: string): Promise<HabsburgError> {
  const cause = (await badWeight(model)) ?? "the model's weights are finite, but so large that its sums are not";
  return new HabsburgError('verification', `${what} are not finite numbers: ${cause}`);
}

/** A sentence about the first weight that is not finite; undefined: all are. */
export async function badWeight({ weights, stored, adapter }: Model): Promise<string | undefined> {
  for (const [name, { data, file }] of [...weights, ...(adapter?.weights ?? [])]) {
    const at = firstNotFinite(data);
    if (at >= 0) return holds(name, data[at], file?.path);
  }
  for (const [name, weight] of stored ?? []) {
    const data = await readStored(weight);
    const at = firstNotFinite(data);
    if (at >= 0) return holds(name, data[at], weight.file.path);
  }
  return undefined;
}

function holds(name: string, value: number, file: string | undefined): string {
  return `the weight ${name}${file === undefined ? '' : ` in ${file}`} holds ${value}; the checkpoint is damaged, or its training diverged`;
}

/** -1: all are finite */
function firstNotFinite(data: Float32Array): number {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return i;
  return -1;
}
