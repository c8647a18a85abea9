/**
 * Weights that stay in their file: frozen matrices, mapped into memory by onnxruntime when a graph uses them, in the precision in
 * which the file has them. A folder of ours with quantised weights is a model.safetensors in which `<matrix>` is F16, BF16, or U8
 * with blocks of integers (blocks.ts) and float32 scales beside it as `<matrix>.scales`; config.json's quantization_config names it,
 * so that other programs refuse it by its name.
 */
import { HabsburgError } from '../../common/errors.js';
import { BLOCK } from '../graph/stored.js';
import type { FileRange } from '../graph/types.js';
import type { ConfigJson, DecoderConfig, ParameterSpec } from '../models/types.js';
import { dequantizeBlocks, type Bits } from './blocks.js';
import { fromBfloat16, fromFloat16 } from './halfprecision.js';
import { readRange, type TensorSource, type TensorSources } from './safetensors.js';

export type StoredFormat = 'float32' | 'float16' | 'bfloat16' | 'blocks';

export interface StoredWeight {
  /** as the architecture declares it */
  readonly shape: readonly [number, number];
  readonly format: StoredFormat;
  /** whether the file has it the other way round, (shape[1], shape[0]): blocks always run along a module's inputs */
  readonly turned: boolean;
  readonly file: FileRange;
  /** of blocks */
  readonly bits?: Bits;
  readonly scales?: FileRange;
}
export type StoredWeights = ReadonlyMap<string, StoredWeight>;

export const QUANT_METHOD = 'habsburg-blocks';
export const scalesName = (matrix: string): string => `${matrix}.scales`;

/** Whether config.json says that the folder's weights are quantised by us. @throws HabsburgError `invalid` where by others */
export function isQuantized(json: ConfigJson, file: string): boolean {
  const quantization = json.quantization_config as { quant_method?: unknown } | null | undefined;
  if (quantization === null || quantization === undefined) return false;
  if (quantization.quant_method === QUANT_METHOD) return true;
  throw new HabsburgError(
    'invalid',
    `${file}: quantization_config.quant_method ${JSON.stringify(quantization.quant_method)} is not supported; load the model's unquantised weights, and quantise them with habsburg lm convert --quantize`,
  );
}

/** Matrices that may stay stored: the linear modules' weights and the tables with a row a token. */
export function isMatrix({ shape, linear }: ParameterSpec, config: DecoderConfig): boolean {
  return linear !== undefined || (shape.length === 2 && shape[0] === config.vocabularySize);
}

/**
 * What is left in its file of a parameter; undefined: it has to be read.
 * @throws HabsburgError `verification` when blocks and scales do not fit the parameter
 */
export function storedWeight(
  { name, shape, linear }: ParameterSpec,
  source: TensorSource,
  sources: TensorSources,
  file: string,
): StoredWeight | undefined {
  if (source.file === undefined) return undefined;
  const formats: Readonly<Record<string, StoredFormat>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16', U8: 'blocks' };
  const format = formats[source.dtype] as StoredFormat | undefined;
  if (format === undefined) return undefined;
  const [rows, columns] = shape;
  if (format !== 'blocks') return { shape: [rows, columns], format, turned: false, file: source.file };
  const turned = linear === 'in-out';
  const [out, into] = turned ? [columns, rows] : [rows, columns];
  const scales = sources.get(scalesName(name));
  const bits = (source.shape[2] * 8) / BLOCK;
  const fits =
    (bits === 8 || bits === 4) &&
    source.shape.join() === [out, into / BLOCK, (BLOCK * bits) / 8].join() &&
    scales?.dtype === 'F32' &&
    scales.shape.join() === [out, into / BLOCK].join();
  if (!fits)
    throw new HabsburgError(
      'verification',
      `${file}: ${name} does not hold blocks of ${BLOCK} for (${shape.join(', ')}); quantise the model again`,
    );
  return { shape: [rows, columns], format, turned, file: source.file, bits, scales: scales.file };
}

/** A stored weight's numbers, in its declared shape. */
export async function readStored({ shape, format, turned, file, bits, scales }: StoredWeight): Promise<Float32Array> {
  const size = shape[0] * shape[1];
  if (format === 'float32') return new Float32Array((await readRange(file, size * 4)).buffer);
  if (format !== 'blocks') {
    const halves = new Uint16Array((await readRange(file, size * 2)).buffer);
    return format === 'float16' ? fromFloat16(halves) : fromBfloat16(halves);
  }
  const data = dequantizeBlocks({
    bits: bits!,
    blocks: await readRange(file, (size * bits!) / 8),
    scales: new Float32Array((await readRange(scales!, (size / BLOCK) * 4)).buffer),
  });
  return turned ? transposed(data, shape[1], shape[0]) : data;
}

/** (rows, columns) -> (columns, rows) */
export function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c];
  return out;
}
