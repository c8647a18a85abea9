/** The evidence lower bound as graphs: with gradients for training, without for scoring; and the decoder alone for writing images. */
import { backward } from '../graph/backward.js';
import { Graph } from '../graph/graph.js';
import type { Value } from '../graph/types.js';
import { gradientName } from '../train/graph.js';
import type { VaeConfig } from './config.js';
import { vaeParameters } from './config.js';
import { decode, encode, vaeWeightInputs, type VaeWeights } from './networks.js';

interface Bound {
  /** (B, 1) nats: binary cross-entropy of the pixels given the code, summed over pixels */
  readonly reconstruction: Value;
  /** (B, 1) nats: Kullback-Leibler divergence of the code's distribution from the standard normal */
  readonly divergence: Value;
  /** (B, latent) */
  readonly mean: Value;
  /** (B, H·W) */
  readonly logits: Value;
}

/**
 * Both terms of the bound with one code an image, z = mean + exp(logVariance / 2) · noise (Kingma & Welling 2013, equations 8 and 10).
 * Pixels between black and white count as their expectation.
 */
function bound(g: Graph, config: VaeConfig, weights: VaeWeights, images: Value, noise: Value): Bound {
  const { mean, logVariance } = encode(g, config, weights, images);
  const deviation = g.op('Exp', [g.scale(logVariance, 0.5)], {});
  const logits = decode(g, config, weights, g.add(mean, g.mul(deviation, noise)));
  // −x log σ(l) − (1 − x) log(1 − σ(l)) = max(l, 0) − l·x + log(1 + exp(−|l|)), which no l overflows
  const positive = g.op('Relu', [logits], {});
  const minusAbsolute = g.sub(logits, g.scale(positive, 2));
  const softened = g.op('Log', [g.add(g.op('Exp', [minusAbsolute], {}), g.scalar(1))], {});
  const entropy = g.add(g.sub(positive, g.mul(logits, images)), softened); // (B, H·W)
  const terms = g.sub(g.sub(g.add(g.mul(mean, mean), g.op('Exp', [logVariance], {})), logVariance), g.scalar(1));
  return {
    reconstruction: g.reduceSum(entropy, [1], true),
    divergence: g.scale(g.reduceSum(terms, [1], true), 0.5),
    mean,
    logits,
  };
}

interface Inputs {
  readonly graph: Graph;
  readonly weights: VaeWeights;
  readonly images: Value;
  readonly noise: Value;
}

function inputs(config: VaeConfig, batch: number): Inputs {
  const graph = new Graph();
  const weights = vaeWeightInputs(graph, config);
  const images = graph.input('images', 'float32', [batch, config.height * config.width]);
  const noise = graph.input('noise', 'float32', [batch, config.architecture.latent]);
  return { graph, weights, images, noise };
}

/**
 * Inputs: `images` (B, H·W), `noise` (B, latent), `shares` (B, 1) and every parameter under its name.
 * Outputs: `reconstruction` and `divergence` (B, 1), nats, and `grad.<parameter>` of Σ shares · (reconstruction + beta · divergence).
 */
export function vaeTrainingGraph(config: VaeConfig, batch: number, beta: number): Graph {
  const { graph: g, weights, images, noise } = inputs(config, batch);
  const shares = g.input('shares', 'float32', [batch, 1]);
  const { reconstruction, divergence, logits } = bound(g, config, weights, images, noise);
  const names = vaeParameters(config).map(({ name }) => name);
  const seeds = [
    { value: logits, gradient: g.mul(g.sub(g.op('Sigmoid', [logits], {}), images), shares) },
    { value: divergence, gradient: g.scale(shares, beta) },
  ];
  const gradients = backward(g, seeds, names.map(weights));
  g.output('reconstruction', reconstruction);
  g.output('divergence', divergence);
  for (const name of names) g.output(gradientName(name), gradients.get(weights(name))!);
  return g;
}

/** Inputs as above without `shares`; outputs `reconstruction`, `divergence` (B, 1) and `mean` (B, latent). */
export function vaeScoringGraph(config: VaeConfig, batch: number): Graph {
  const { graph, weights, images, noise } = inputs(config, batch);
  const { reconstruction, divergence, mean } = bound(graph, config, weights, images, noise);
  graph.output('reconstruction', reconstruction);
  graph.output('divergence', divergence);
  graph.output('mean', mean);
  return graph;
}

/** Inputs: `codes` (B, latent) and the decoder's parameters. Output: `pixels` (B, H·W), in (0, 1). */
export function vaeDecodingGraph(config: VaeConfig, batch: number): Graph {
  const graph = new Graph();
  const weights = vaeWeightInputs(graph, config);
  const codes = graph.input('codes', 'float32', [batch, config.architecture.latent]);
  graph.output('pixels', graph.op('Sigmoid', [decode(graph, config, weights, codes)], {}));
  return graph;
}
