/** What a variational autoencoder is made of: its config.json, its parameters and their first values. */
import { HabsburgError } from '../../common/errors.js';
import type { CounterRng } from '../../common/philox.js';
import type { Weights } from '../checkpoint/safetensors.js';
import type { ConfigJson } from '../models/types.js';
import type { VaeArchitecturePlan } from './settings.js';

export interface VaeConfig {
  readonly architecture: VaeArchitecturePlan;
  /** pixels */
  readonly height: number;
  readonly width: number;
}

export interface VaeParameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** numbers that one output of the layer is made of, as torch counts them for its first values */
  readonly fanIn: number;
}

/** Kernels of the convolutions: 4 x 4, stride 2, one row of zeros around, so that each halves the image. */
export const KERNEL = 4;

/** What a config.json of ours says. */
export function vaeConfigJson({ architecture, height, width }: VaeConfig): ConfigJson {
  return { model_type: 'vae', height, width, ...architecture };
}

/** @throws HabsburgError `verification` naming the file, where it is not the config of a VAE */
export function parseVaeConfig(json: ConfigJson, file: string): VaeConfig {
  const wrong = (what: string): HabsburgError => new HabsburgError('verification', `${file} is no config of a VAE: ${what}`);
  const size = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;
  const sizes = (key: string): number[] => {
    const list: unknown = json[key];
    if (!Array.isArray(list) || list.length === 0 || !list.every(size)) throw wrong(`${key} is not a list of sizes`);
    return list as number[];
  };
  if (json.model_type !== 'vae') throw wrong(`model_type is ${JSON.stringify(json.model_type)}`);
  const { kind, latent, height, width } = json;
  if (!size(latent) || !size(height) || !size(width)) throw wrong('latent, height and width must be whole numbers above 0');
  if (kind !== 'conv' && kind !== 'dense') throw wrong(`kind is ${JSON.stringify(kind)}, not conv or dense`);
  const architecture: VaeArchitecturePlan =
    kind === 'conv' ? { kind, latent, channels: sizes('channels') } : { kind, latent, hidden: sizes('hidden') };
  const config = { architecture, height, width };
  checkImageSize(config);
  return config;
}

/** @throws HabsburgError `invalid` where the images cannot be halved as often as there are convolutions */
export function checkImageSize({ architecture, height, width }: VaeConfig): void {
  if (architecture.kind !== 'conv') return;
  const times = 2 ** architecture.channels.length;
  if (height % times === 0 && width % times === 0) return;
  throw new HabsburgError(
    'invalid',
    `images of ${height} x ${width} pixels cannot be halved ${architecture.channels.length} times; use fewer channels in base.architecture, or kind: dense`,
  );
}

/** Sizes of the innermost image of a convolutional VAE: channels, rows, columns. */
export function innermost(channels: readonly number[], { height, width }: VaeConfig): readonly [number, number, number] {
  const times = 2 ** channels.length;
  return [channels[channels.length - 1], height / times, width / times];
}

/** All parameters in the order of the forward pass; kernels and matrices are laid out as torch's. */
export function vaeParameters(config: VaeConfig): VaeParameter[] {
  const { architecture } = config;
  const { latent } = architecture;
  const layer = (name: string, shape: readonly number[], outputs: number, fanIn: number): VaeParameter[] => [
    { name: `${name}.weight`, shape, fanIn },
    { name: `${name}.bias`, shape: [outputs], fanIn },
  ];
  const linear = (name: string, from: number, to: number): VaeParameter[] => layer(name, [to, from], to, from);
  const codes = (from: number): VaeParameter[] => [
    ...linear('encoder.mean', from, latent),
    ...linear('encoder.log_variance', from, latent),
  ];
  if (architecture.kind === 'dense') {
    const widths = [config.height * config.width, ...architecture.hidden];
    const back = [latent, ...[...widths].reverse()];
    return [
      ...widths.slice(1).flatMap((width, i) => linear(`encoder.${i}`, widths[i], width)),
      ...codes(widths[widths.length - 1]),
      ...back.slice(1).flatMap((width, i) => linear(`decoder.${i}`, back[i], width)),
    ];
  }
  const channels = [1, ...architecture.channels];
  const back = [...channels].reverse();
  const area = KERNEL * KERNEL;
  const inner = innermost(architecture.channels, config).reduce((a, b) => a * b, 1);
  return [
    ...channels.slice(1).flatMap((to, i) => layer(`encoder.${i}`, [to, channels[i], KERNEL, KERNEL], to, channels[i] * area)),
    ...codes(inner),
    ...linear('decoder.input', latent, inner),
    // torch takes a transposed convolution's second axis, its outputs, for the fan-in
    ...back.slice(1).flatMap((to, i) => layer(`decoder.${i}`, [back[i], to, KERNEL, KERNEL], to, to * area)),
  ];
}

/** Fresh weights, uniform in ±1/√fanIn as torch's Linear and Conv2d start. Parameter number i draws from lane i. */
export function initialVaeWeights(config: VaeConfig, rng: CounterRng): Weights {
  const weights: Weights = new Map();
  vaeParameters(config).forEach(({ name, shape, fanIn }, lane) => {
    const bound = 1 / Math.sqrt(fanIn);
    const size = shape.reduce((a, b) => a * b, 1);
    weights.set(name, { shape, data: Float32Array.from({ length: size }, (_, i) => bound * (2 * rng.uniform(i, lane) - 1)) });
  });
  return weights;
}
