/** The two networks of a VAE as graphs: images to Gaussian codes, codes to pixels. */
import type { Graph } from '../graph/graph.js';
import type { Value } from '../graph/types.js';
import { innermost, vaeParameters, type VaeConfig } from './config.js';

const HALVE = { strides: [2, 2], pads: [1, 1, 1, 1], dilations: [1, 1] } as const;

/** A graph's parameters by name; each becomes an input when it is first asked for. */
export type VaeWeights = (name: string) => Value;

export function vaeWeightInputs(g: Graph, config: VaeConfig): VaeWeights {
  const shapes = new Map(vaeParameters(config).map(({ name, shape }) => [name, shape]));
  const values = new Map<string, Value>();
  return (name) => {
    const shape = shapes.get(name);
    if (shape === undefined) throw new Error(`internal: a VAE of this architecture has no parameter ${name}`);
    const value = values.get(name) ?? g.input(name, g.float, shape);
    values.set(name, value);
    return value;
  };
}

const linear = (g: Graph, weights: VaeWeights, name: string, x: Value): Value =>
  g.op('Gemm', [x, weights(`${name}.weight`), weights(`${name}.bias`)], { transB: true });
const relu = (g: Graph, x: Value): Value => g.op('Relu', [x], {});

/** images (B, H·W) in [0, 1] -> mean and logarithm of the variance of the code, (B, latent) each */
export function encode(
  g: Graph,
  config: VaeConfig,
  weights: VaeWeights,
  images: Value,
): { readonly mean: Value; readonly logVariance: Value } {
  const { architecture } = config;
  let x = images;
  if (architecture.kind === 'conv') {
    x = g.reshape(x, [-1, 1, config.height, config.width]);
    architecture.channels.forEach((_, i) => {
      x = relu(g, g.op('Conv', [x, weights(`encoder.${i}.weight`), weights(`encoder.${i}.bias`)], HALVE));
    });
    x = g.reshape(x, [-1, innermost(architecture.channels, config).reduce((a, b) => a * b, 1)]);
  } else {
    architecture.hidden.forEach((_, i) => (x = relu(g, linear(g, weights, `encoder.${i}`, x))));
  }
  return {
    mean: linear(g, weights, 'encoder.mean', x),
    logVariance: linear(g, weights, 'encoder.log_variance', x),
  };
}

/** codes (B, latent) -> log-odds of every pixel, (B, H·W) */
export function decode(g: Graph, config: VaeConfig, weights: VaeWeights, codes: Value): Value {
  const { architecture } = config;
  if (architecture.kind === 'dense') {
    const last = architecture.hidden.length;
    let x = codes;
    for (let i = 0; i < last; i++) x = relu(g, linear(g, weights, `decoder.${i}`, x));
    return linear(g, weights, `decoder.${last}`, x);
  }
  const { channels } = architecture;
  let x = g.reshape(linear(g, weights, 'decoder.input', codes), [-1, ...innermost(channels, config)]);
  channels.forEach((_, i) => {
    const kernels = [weights(`decoder.${i}.weight`), weights(`decoder.${i}.bias`)];
    x = g.op('ConvTranspose', [x, ...kernels], { ...HALVE, outputPadding: [0, 0] });
    if (i < channels.length - 1) x = relu(g, x);
  });
  return g.reshape(x, [-1, config.height * config.width]);
}
