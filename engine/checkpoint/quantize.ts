/**
 * Writes a checkpoint anew with its matrices in fewer bits, one tensor at a time, so that memory holds the largest tensor and not
 * the model. Vectors, position tables, and matrices whose inputs do not come in blocks of 32 stay float32. Tables with a row a token (embedding, output layer)
 * get 8 bits at least: they are a small part of a large model, and the loss feels them most. As bitsandbytes has it (nf4, llm-int8) they stay as they are.
 */
import { copyFile, link } from 'node:fs/promises';
import { join } from 'node:path';
import { fromSystemError, HabsburgError, isHabsburgError } from '../../common/errors.js';
import type { Lora } from '../adapters/lora.js';
import { architectureOf } from '../models/index.js';
import type { ParameterSpec } from '../models/types.js';
import { BLOCK } from '../graph/stored.js';
import { llmInt8, nf4 } from './bitsandbytes.js';
import { quantizeBlocks, type Bits, type Blocks } from './blocks.js';
import { toFloat16 } from './halfprecision.js';
import { GENERATION_CONFIG, openCheckpoint, saveGenerationConfig, WEIGHTS, withAdapter, type Model } from './huggingface.js';
import { writeJson } from './json.js';
import { saveAdapter } from './peft.js';
import type { Precision } from './precision.js';
import { readRange, writeTensors, type TensorSource, type TensorToWrite } from './safetensors.js';
import { isMatrix, QUANT_METHOD, scalesName, transposed } from './stored.js';

/**
 * Writes config.json, model.safetensors and generation_config.json into an existing folder. `fp16`: what the files have in 16 bits stays as
 * it is, float32 is rounded to float16. `nf4`, `nf4-double`, `llm-int8`: linear modules hold the numbers that bitsandbytes' rounded ones
 * stand for, as float32 (bitsandbytes.ts). `8bit`, `4bit`: blocks (blocks.ts); a GGUF file's Q8_0 and Q4_0 stay as they are where
 * they have the bits that are asked for.
 * @throws HabsburgError as loadCheckpoint, and `invalid` for a checkpoint that is quantised already
 */
export async function quantizeCheckpoint(from: string, to: string, precision: Precision): Promise<void> {
  const { config, generationConfig, sources, quantized } = await openCheckpoint(from);
  if (quantized) throw new HabsburgError('invalid', `${from} is quantised already; quantise the model that it was made from`);
  const tensors: TensorToWrite[] = [];
  for (const spec of architectureOf(config.modelType).parameters(config)) {
    const source = sources.get(spec.name)!;
    if (!isMatrix(spec, config)) tensors.push(asFloats(spec, source));
    else if (precision === 'fp16') tensors.push(asHalves(spec, source));
    else if (precision in ROUNDED)
      tensors.push(spec.linear === undefined ? asFloats(spec, source) : asRounded(spec, source, ROUNDED[precision as Rounded])); // prettier-ignore
    else if (inputsOf(spec) % BLOCK !== 0) tensors.push(asFloats(spec, source));
    else tensors.push(...asBlocks(spec, source, precision === '4bit' && spec.linear !== undefined ? 4 : 8));
  }
  const { torch_dtype: _old, ...json } = config.json;
  const quantization = { quant_method: QUANT_METHOD, precision, ...(/bit$/.test(precision) && { block_size: BLOCK }) };
  await writeJson(join(to, 'config.json'), { ...json, dtype: 'float32', quantization_config: quantization });
  await saveGenerationConfig(to, config, generationConfig);
  await writeTensors(join(to, WEIGHTS), tensors, 'habsburg');
}

/** A linear module's inputs, or a table's columns. */
function inputsOf({ shape, linear }: ParameterSpec): number {
  return linear === 'in-out' ? shape[0] : shape[1];
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

function asFloats({ name, shape }: ParameterSpec, source: TensorSource): TensorToWrite {
  return { name, dtype: 'F32', shape, bytes: async () => [bytesOf(await source.read())] };
}

/** What a module's weights (out, in) become. */
const ROUNDED = {
  nf4: (data: Float32Array) => nf4(data),
  'nf4-double': (data: Float32Array) => nf4(data, true),
  'llm-int8': llmInt8,
};
type Rounded = keyof typeof ROUNDED;

function asRounded({ name, shape, linear }: ParameterSpec, source: TensorSource, rounded: typeof llmInt8): TensorToWrite {
  const [rows, columns] = shape;
  const bytes = async (): Promise<Uint8Array[]> => {
    const data = await source.read();
    const turned = linear === 'in-out';
    const numbers = rounded(turned ? transposed(data, rows, columns) : data, turned ? rows : columns);
    return [bytesOf(turned ? transposed(numbers, columns, rows) : numbers)];
  };
  return { name, dtype: 'F32', shape, bytes };
}

function asHalves({ name, shape }: ParameterSpec, source: TensorSource): TensorToWrite {
  const { dtype, file } = source;
  if ((dtype === 'F16' || dtype === 'BF16') && file !== undefined)
    return { name, dtype, shape, bytes: async () => [await readRange(file, shape[0] * shape[1] * 2)] };
  return { name, dtype: 'F16', shape, bytes: async () => [bytesOf(toFloat16(await source.read()))] };
}

/** Blocks and scales are made twice, once for each of the two tensors: that is cheaper than holding them. */
function asBlocks(spec: ParameterSpec, source: TensorSource, bits: Bits): TensorToWrite[] {
  const { name, shape, linear } = spec;
  const [rows, columns] = linear === 'in-out' ? [shape[1], shape[0]] : shape;
  const count = columns / BLOCK;
  const blocks = async (): Promise<Blocks> => {
    if (source.blocks?.bits === bits) return source.blocks.read();
    const data = await source.read();
    return quantizeBlocks(linear === 'in-out' ? transposed(data, shape[0], shape[1]) : data, bits);
  };
  return [
    { name, dtype: 'U8', shape: [rows, count, (BLOCK * bits) / 8], bytes: async () => [(await blocks()).blocks] },
    { name: scalesName(name), dtype: 'F32', shape: [rows, count], bytes: async () => [bytesOf((await blocks()).scales)] },
  ];
}

/**
 * Writes a quantised model with an adapter into an existing folder: the files of the folder that it was loaded from, as they are
 * (a content-addressed store keeps them once, whatever the number of generations), and the adapter beside them, together with the one that was
 * there.
 */
export async function saveAdapted(to: string, from: string, model: Model, lora: Lora, base: string | null): Promise<void> {
  for (const file of ['config.json', GENERATION_CONFIG, WEIGHTS]) await linkOrCopy(join(from, file), join(to, file));
  const { adapter } = withAdapter(model, lora);
  const { rank, scale, weights } = adapter!;
  const targets = new Set(
    [...weights.keys()].map((name) =>
      name
        .replace(/\.lora_[AB]\.weight$/, '')
        .split('.')
        .at(-1)!,
    ),
  );
  await saveAdapter(to, model.config, adapter!, { alpha: scale * rank, dropout: 0, targets: [...targets].sort(), base });
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to).catch(() => copyFile(from, to));
  } catch (error) {
    const known = fromSystemError(error, `copying ${from} to ${to}`);
    if (!from.endsWith(GENERATION_CONFIG) || !isHabsburgError(known) || known.kind !== 'notFound') throw known;
  }
}
