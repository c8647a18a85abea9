/** Reading what the `lm` commands are given: numbers, token files, prompt files, text. */
import { rmSync } from 'node:fs';
import { mkdtemp, readdir } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { fromSystemError, HabsburgError } from '../../../common/errors.js';
import { makeFolder } from '../../../common/make-folder.mjs';
import { PRECISIONS, type Precision } from '../../../engine/checkpoint/precision.js';
import { quantizeCheckpoint } from '../../../engine/checkpoint/quantize.js';
import { withAdapter } from '../../../engine/checkpoint/huggingface.js';
import { tokenIds as checkedIds } from '../../../common/token-ids.js';
import { loadAdapter } from '../../../engine/checkpoint/peft.js';
import { loadCheckpoint, type Checkpoint } from '../../../engine/index.js';
import { loadTokenizer } from '../../../engine/tokenizer/files.js';
import { DEVICES, type Device } from '../../../engine/devices.js';
import { parseJson, readText } from './read.js';

export { readLabelledTokens, readTokens } from './token-rows.js';

/** Parses an option's whole number in [min, max]. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < min || value > max) {
      throw new InvalidArgumentError(
        max === Number.MAX_SAFE_INTEGER
          ? `Give a whole number of at least ${min}.`
          : `Give a whole number from ${min} to ${max}.`,
      );
    }
    return value;
  };
}

/** Parses an option's number; `accepts` names its range in `range`. */
export function real(accepts: (value: number) => boolean, range: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || !accepts(value))
      throw new InvalidArgumentError(`Give a number ${range}.`);
    return value;
  };
}

/** Parses `a,b,c`. */
export function tokenIds(text: string): number[] {
  return text.split(',').map((part) => integer(0)(part.trim()));
}

export const threadsOption = (): Option =>
  new Option('--threads <n>', 'CPU threads').argParser(integer(1, 1024)).default(availableParallelism(), 'all cores');

export const deviceOption = (): Option =>
  new Option('--device <name>', 'what computes: cpu, webgpu, or cuda where the installed onnxruntime-node has it')
    .choices(DEVICES)
    .default('cpu');

/** A prompts file: {"text": …} a line. */
export async function readPrompts(file: string): Promise<string[]> {
  const lines = (await readText(file)).split('\n');
  return lines.flatMap((line, i) => {
    if (line.trim() === '') return [];
    const where = `${file}:${i + 1}`;
    const record = parseJson(line, where) as { text?: unknown } | null;
    if (typeof record?.text !== 'string')
      throw new HabsburgError('invalid', `${where}: a prompt is an object with a string "text"`);
    return [record.text];
  });
}

/** One of several options must be given, and only one. */
export function exactlyOne(options: Readonly<Record<string, unknown>>, names: Readonly<Record<string, string>>): void {
  const given = Object.keys(names).filter((key) => options[key] !== undefined);
  if (given.length === 1) return;
  const flags = Object.values(names).join(', ');
  throw new HabsburgError(
    'invalid',
    given.length === 0
      ? `give one of ${flags}`
      : `give only one of ${flags}, not ${given.map((key) => names[key]).join(' and ')}`,
  );
}

/** A checkpoint, with an adapter merged into its weights where one is given. */
export async function loadModel(dir: string, { adapter, quantize, frozen, device }: ModelOptions = {}): Promise<Checkpoint> {
  const checkpoint = await loadCheckpoint(quantize === undefined ? dir : await quantized(dir, quantize), {
    frozen: frozen && adapter === undefined, // it is merged into weights that have been read
    device,
  });
  return adapter === undefined ? checkpoint : withAdapter(checkpoint, await loadAdapter(adapter, checkpoint));
}

interface ModelOptions {
  readonly adapter?: string;
  readonly quantize?: Precision;
  readonly frozen?: boolean;
  readonly device?: Device;
}

/** A quantised copy of the model that is gone with the command (tidy). */
async function quantized(dir: string, precision: Precision): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'habsburg-quantized-'));
  temporary.add(folder);
  for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143 })) process.once(signal, () => process.exit(code));
  process.once('exit', removeTemporary);
  await quantizeCheckpoint(dir, folder, precision);
  return folder;
}

const temporary = new Set<string>();

function removeTemporary(): void {
  for (const folder of temporary) rmSync(folder, { recursive: true, force: true });
  temporary.clear();
}

/** A command's action, behind which no quantised copy is left. */
export function tidy<O>(run: (options: O) => Promise<void>): (options: O) => Promise<void> {
  return (options) => run(options).finally(removeTemporary);
}

export const quantizeOption = (description: string): Option =>
  new Option('--quantize <precision>', description).choices(PRECISIONS);

/** The end tokens of generation_config.json, or else of config.json, as transformers takes them. */
export function endTokens({ generationConfig, config }: Checkpoint): number[] {
  const ids = generationConfig?.eos_token_id ?? config.json.eos_token_id ?? [];
  return (Array.isArray(ids) ? ids : [ids]) as number[];
}

/** A text file's tokens under a model's own tokenizer, no special ones added, in blocks; a shorter rest is kept or dropped. */
export async function textBlocks(
  model: string,
  file: string,
  block: number,
  { dropRest }: { readonly dropRest: boolean },
): Promise<Int32Array[]> {
  const tokenizer = await loadTokenizer(model);
  const ids = checkedIds(tokenizer.encode(await readText(file)), `${file}, tokenized,`);
  if (dropRest && ids.length < block)
    throw new HabsburgError(
      'invalid',
      `${file} has ${ids.length} tokens, fewer than one block of ${block}; give a smaller --block`,
    );
  const count = dropRest ? Math.floor(ids.length / block) : Math.ceil(ids.length / block);
  return Array.from({ length: count }, (_, i) => ids.subarray(i * block, (i + 1) * block));
}

/** Nothing that lies there is overwritten. */
export async function emptyFolder(path: string): Promise<void> {
  try {
    makeFolder(path);
    if ((await readdir(path)).length === 0) return;
  } catch (error) {
    throw fromSystemError(error, `cannot make the folder ${path}`);
  }
  throw new HabsburgError('invalid', `${path} is not empty; give --out a new folder`);
}
