/** The weights of a model folder, in one file or in shards under an index: safetensors, or else PyTorch's .bin. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fromSystemError, HabsburgError } from '../../common/errors.js';
import { readJsonObject } from './json.js';
import { openPytorch } from './pytorch.js';
import { openSafetensors, type TensorSources } from './safetensors.js';

interface Format {
  readonly single: string;
  readonly index: string;
  /** names of shards; a name from a file must not lead out of the folder */
  readonly shard: RegExp;
  readonly open: (path: string) => Promise<TensorSources>;
}

/** In the order in which transformers looks for them. */
const FORMATS: readonly Format[] = [
  { single: 'model.safetensors', index: 'model.safetensors.index.json', shard: /^[\w.-]+\.safetensors$/, open: openSafetensors },
  { single: 'pytorch_model.bin', index: 'pytorch_model.bin.index.json', shard: /^[\w.-]+\.bin$/, open: openPytorch },
];

/** Whether the folder has weights that `openWeights` reads, whole or not. */
export async function hasWeights(dir: string): Promise<boolean> {
  const names = await readdir(dir).catch((error: unknown) => {
    throw fromSystemError(error, `cannot read ${dir}`);
  });
  return FORMATS.some(({ single, index }) => names.includes(single) || names.includes(index));
}

/** All tensors of the folder under the names in its files. */
export async function openWeights(dir: string): Promise<TensorSources> {
  for (const format of FORMATS) {
    const whole = await ifThere(format.open(join(dir, format.single)));
    if (whole !== undefined) return whole;
    const index = await ifThere(readJsonObject(join(dir, format.index)));
    if (index !== undefined) return readShards(dir, format, index.weight_map);
  }
  const names = FORMATS.flatMap(({ single, index }) => [single, index]).join(', ');
  throw new HabsburgError(
    'notFound',
    `${dir} holds none of ${names}; other weight formats are not read: export the model as safetensors`,
  );
}

async function ifThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof HabsburgError && error.kind === 'notFound') return undefined;
    throw error;
  }
}

/** A tensor that lies in several shards is taken from the one that the index names. */
async function readShards(dir: string, format: Format, map: unknown): Promise<TensorSources> {
  const index = join(dir, format.index);
  if (typeof map !== 'object' || map === null || Array.isArray(map))
    throw new HabsburgError('verification', `${index} has no weight_map, which says what lies in which file`);
  const weightMap = new Map(Object.entries(map));
  const sources: TensorSources = new Map();
  for (const shard of [...new Set(weightMap.values())].sort()) {
    if (typeof shard !== 'string' || !format.shard.test(shard)) {
      throw new HabsburgError(
        'verification',
        `${index} names ${JSON.stringify(shard)}, which is not the name of a weights file in this folder`,
      );
    }
    for (const [name, source] of await format.open(join(dir, shard))) {
      const named = weightMap.get(name);
      if (named !== undefined && named !== shard) continue;
      if (sources.has(name))
        throw new HabsburgError(
          'verification',
          `${join(dir, shard)} holds ${name}, which another shard holds too, and the index names neither`,
        );
      sources.set(name, source);
    }
  }
  return sources;
}
