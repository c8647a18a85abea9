/** A training's checkpoint: all that the rest of it depends on, bit for bit, which safetensors of float32 would round. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../common/canonical.js';
import { HabsburgError, fromSystemError } from '../../common/errors.js';
import type { Position } from '../../engine/train/state.js';
import type { AdamW } from './adamw.js';

interface Saved {
  readonly run: Digest;
  readonly position: Position;
  readonly hasBest: boolean;
}

const STATE = 'state.json';
/** float64, little-endian: weights, both means, the best epoch's weights, each in the order of parameters */
const NUMBERS = 'numbers.f64';

export async function writeState(
  folder: string,
  run: Digest,
  position: Position,
  optimizer: AdamW,
  best: ReadonlyMap<string, Float64Array> | undefined,
): Promise<void> {
  const arrays = [...arraysOf(optimizer), ...(best?.values() ?? [])];
  await writeFile(join(folder, NUMBERS), Buffer.concat(arrays.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)))); // prettier-ignore
  await writeFile(join(folder, STATE), JSON.stringify({ run, position, hasBest: best !== undefined } satisfies Saved));
}

/**
 * Restores the optimiser and its parameters.
 * @throws HabsburgError `verification` when the checkpoint is damaged or belongs to another training
 */
export async function readState(
  folder: string,
  run: Digest,
  optimizer: AdamW,
): Promise<{ position: Position; best: Map<string, Float64Array> | undefined }> {
  const refuse = (what: string, cause?: unknown) => new HabsburgError('verification', `the checkpoint in ${folder} ${what}`, { cause }); // prettier-ignore
  let saved: Saved;
  let numbers: Buffer;
  try {
    saved = JSON.parse(await readFile(join(folder, STATE), 'utf8')) as Saved;
    numbers = await readFile(join(folder, NUMBERS));
  } catch (error) {
    throw error instanceof SyntaxError ? refuse('is damaged', error) : fromSystemError(error, `reading ${folder}`);
  }
  if (saved.run !== run) throw refuse('belongs to another training; remove it');
  const best = saved.hasBest
    ? new Map([...optimizer.parameters].map(([name, { data }]) => [name, new Float64Array(data.length)]))
    : undefined;
  const arrays = [...arraysOf(optimizer), ...(best?.values() ?? [])];
  if (numbers.length !== arrays.reduce((sum, { byteLength }) => sum + byteLength, 0)) throw refuse('is cut short');
  let at = 0;
  for (const array of arrays) for (let i = 0; i < array.length; i++, at += 8) array[i] = numbers.readDoubleLE(at);
  optimizer.steps = saved.position.step;
  return { position: saved.position, best };
}

function arraysOf({ parameters, first, second }: AdamW): Float64Array[] {
  return [...[...parameters.values()].map(({ data }) => data), ...first.values(), ...second.values()];
}
