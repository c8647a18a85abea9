/** VAEs against torch: both terms of the bound, codes, gradients, pixels. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { readSafetensors } from '../../../engine/checkpoint/safetensors.js';
import { weightFeeds } from '../../../engine/models/weights.js';
import { float32, Session, type Tensor } from '../../../engine/session.js';
import { gradientName } from '../../../engine/train/graph.js';
import { imageBatch } from '../../../engine/vae/batches.js';
import { loadVae } from '../../../engine/vae/checkpoint.js';
import { vaeDecodingGraph, vaeScoringGraph, vaeTrainingGraph } from '../../../engine/vae/objective.js';
import { relativeError } from '../../support/numbers.js';

interface Golden {
  readonly bytes: number[][];
  readonly noise: number[][];
  readonly codes: number[][];
  readonly beta: number;
  readonly reconstruction: number[];
  readonly divergence: number[];
  readonly mean: number[][];
  readonly pixels: number[][];
}

const tensor = (rows: number[][]): Tensor => float32(Float32Array.from(rows.flat()), [rows.length, rows[0].length]);

describe.each(['conv', 'dense'])('a %s VAE', (kind) => {
  const folder = `test/golden/vae/${kind}`;
  const load = async () => {
    const golden = JSON.parse(await readFile(`${folder}/golden.json`, 'utf8')) as Golden;
    const { config, weights } = await loadVae(folder);
    const count = golden.bytes.length;
    const images = { count, height: config.height, width: config.width, pixels: Uint8Array.from(golden.bytes.flat()) };
    const rows = Array.from({ length: count }, (_, i) => i);
    const feeds = { ...weightFeeds(weights), images: imageBatch(images, rows, count), noise: tensor(golden.noise) };
    return { golden, config, weights, count, feeds };
  };
  const close = (actual: Tensor, expected: ArrayLike<number>): void =>
    expect(relativeError(actual.data as Float32Array, expected)).toBeLessThan(2e-6);

  test('bounds and codes', async () => {
    const { golden, config, count, feeds } = await load();
    const session = await Session.create(vaeScoringGraph(config, count), { threads: 1 });
    const result = await session.run(feeds, ['reconstruction', 'divergence', 'mean']);
    await session.release();
    close(result.reconstruction, golden.reconstruction);
    close(result.divergence, golden.divergence);
    close(result.mean, golden.mean.flat());
  });

  test('gradients of the mean loss with beta', async () => {
    const { golden, config, weights, count, feeds } = await load();
    const session = await Session.create(vaeTrainingGraph(config, count, golden.beta), { threads: 1 });
    const shares = float32(new Float32Array(count).fill(1 / count), [count, 1]);
    const names = [...weights.keys()];
    const result = await session.run({ ...feeds, shares }, ['reconstruction', 'divergence', ...names.map(gradientName)]);
    await session.release();
    close(result.reconstruction, golden.reconstruction);
    close(result.divergence, golden.divergence);
    const expected = await readSafetensors(`${folder}/gradients.safetensors`);
    expect([...expected.keys()].sort()).toEqual([...names].sort());
    for (const [name, { data }] of expected) close(result[gradientName(name)], data);
  });

  test('pixels of codes', async () => {
    const { golden, config, count, feeds } = await load();
    const session = await Session.create(vaeDecodingGraph(config, count), { threads: 1 });
    const { images: _, noise: __, ...weights } = feeds;
    const decoder = Object.fromEntries(Object.entries(weights).filter(([name]) => name.startsWith('decoder.')));
    close((await session.run({ ...decoder, codes: tensor(golden.codes) }, ['pixels'])).pixels, golden.pixels.flat());
    await session.release();
  });
});

test('the published size has 647,081 parameters', async () => {
  const { vaeParameters } = await import('../../../engine/vae/config.js');
  const config = { architecture: { kind: 'conv', latent: 20, channels: [64, 128] }, height: 28, width: 28 } as const;
  const sizes = vaeParameters(config).map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  expect(sizes.reduce((a, b) => a + b, 0)).toBe(647_081);
});
