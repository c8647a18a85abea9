/** Folders of VAEs: config.json and model.safetensors, with torch's layouts of kernels and matrices. */
import { join } from 'node:path';
import { HabsburgError } from '../../common/errors.js';
import { readJsonObject, writeJson } from '../checkpoint/json.js';
import { readSafetensors, writeSafetensors, type NamedTensor, type Weights } from '../checkpoint/safetensors.js';
import { parseVaeConfig, vaeConfigJson, vaeParameters, type VaeConfig } from './config.js';

export interface Vae {
  readonly config: VaeConfig;
  readonly weights: Weights;
}

/** @throws HabsburgError `notFound` when a file is missing, `verification` when one is damaged or they do not fit together */
export async function loadVae(folder: string): Promise<Vae> {
  const configFile = join(folder, 'config.json');
  const config = parseVaeConfig(await readJsonObject(configFile), configFile);
  const file = join(folder, 'model.safetensors');
  const found = await readSafetensors(file);
  const weights: Weights = new Map();
  for (const { name, shape } of vaeParameters(config)) {
    const tensor: NamedTensor | undefined = found.get(name);
    if (tensor?.shape.join() !== shape.join())
      throw new HabsburgError(
        'verification',
        `${file} has no ${name} of shape (${shape.join(', ')}), which config.json asks for`,
      );
    weights.set(name, tensor);
  }
  if (found.size !== weights.size)
    throw new HabsburgError('verification', `${file} holds ${found.size} tensors, config.json asks for ${weights.size}`);
  return { config, weights };
}

/** Writes into an existing folder. */
export async function saveVae(folder: string, { config, weights }: Vae): Promise<void> {
  await writeJson(join(folder, 'config.json'), vaeConfigJson(config));
  await writeSafetensors(join(folder, 'model.safetensors'), weights);
}
