/** What a score step hands to the metrics of images: bounds and codes from the engine; and the first images for the report. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readImages } from '../pool/images.js';
import { readSafetensors } from '../engine/checkpoint/safetensors.js';
import { BOUNDS_FILE, CODES_FILE } from '../families/vae.js';
import type { Bound, Codes, ScoringInput, ScoringNeed } from '../metrics/types.js';
import type { Pictures, Sample } from '../spec/results.js';
import type { StepContext } from './step.js';
import type { ScoreInput } from './types.js';

/** images kept for the report */
const PICTURES = 20;

export async function imagesToScore(
  step: StepContext,
  input: ScoreInput,
  needs: ReadonlySet<ScoringNeed>,
): Promise<{ scoring: ScoringInput; samples: Sample[]; pictures: Pictures }> {
  const { family, model, generated, test, first } = input;
  const scored = async (under: typeof model, data: typeof test, name: string): Promise<string> => {
    const out = await step.folder(`scored-${name}`);
    await step.run({ op: 'logProbability', family, model: await step.input(under), data: await step.input(data), out });
    return out;
  };
  const bounds = async (folder: string): Promise<Bound[]> =>
    (JSON.parse(await readFile(join(folder, BOUNDS_FILE), 'utf8')) as { rows: Bound[] }).rows;
  const codes = async (folder: string): Promise<Codes> => {
    const { shape, data } = (await readSafetensors(join(folder, CODES_FILE))).get('mean')!;
    return { latent: shape[1], means: data };
  };
  const { count, height, width, pixels } = await readImages(await step.input(generated));
  const kept = Math.min(count, PICTURES);
  return {
    scoring: {
      generated: { tokens: [], texts: [] },
      real: { tokens: [], texts: [] },
      testBounds: needs.has('testBounds') ? await bounds(await scored(model, test, 'test')) : undefined,
      codesUnderFirst: needs.has('codesUnderFirst') ? await codes(await scored(first, generated, 'generated')) : undefined,
    },
    samples: [],
    pictures: {
      count: kept,
      height,
      width,
      pixels: Buffer.from(pixels.subarray(0, kept * height * width)).toString('base64'),
    },
  };
}
