/** Reads the real images, holds out what has no file of its own. */
import { measureFile } from '../../../artifacts/verified.js';
import { sha256 } from '../../../common/canonical.js';
import { HabsburgError } from '../../../common/errors.js';
import type { Images } from '../../../common/images.js';
import { CounterRng } from '../../../common/philox.js';
import { assertUnchanged } from '../../../data/identify.js';
import { readIdxImages } from '../../../data/idx.js';
import { originOfFile, type SourceOrigin } from '../../../data/source.js';
import { holdOut, writeImageRecords, type ImageRecord } from '../../../pool/images.js';
import { pathOfSource, type SourceDigests } from '../../../spec/sources.js';
import type { PreparedSet, Preparing } from '../../host/preparing.js';
import type { ImageDataPlan } from '../plan.js';

const SPLITS = ['train', 'valid', 'test'] as const;

/** A file's images, and what they are called in the lineage: a digest of the pixels, compressed or not. */
interface Source {
  readonly images: Images;
  readonly source: string;
  readonly origin: SourceOrigin;
}

export const preparing: Preparing<ImageDataPlan> = {
  version: 1,
  async open(data, sources) {
    const files: Partial<Record<(typeof SPLITS)[number], Source>> = {};
    for (const split of SPLITS) if (data[split] !== undefined) files[split] = await readSource(data[split], sources);
    return {
      parameters: {
        images: Object.fromEntries(SPLITS.map((split) => [split, files[split]?.source ?? null])),
        heldOut: data.heldOut,
        limit: data.limit,
      },
      origins: Object.fromEntries(Object.entries(files).map(([split, { origin }]) => [split, origin])),
      async write(folderOf) {
        const train = files.train!;
        // drawn by lot once for all seeds
        const rng = new CounterRng({ seed: 0, generation: 0, member: '', step: 'prepare', purpose: 'held-out' });
        const shares = holdOut(train.images.count, data.heldOut, rng);
        const outputs: Partial<Record<(typeof SPLITS)[number], PreparedSet>> = {};
        for (const split of SPLITS) {
          const own = split === 'train' ? undefined : files[split];
          const file = own ?? train;
          const { images, source } = file;
          if (images.height !== train.images.height || images.width !== train.images.width) {
            throw new HabsburgError(
              'invalid',
              `data.${split}: ${data[split]} has images of ${images.height} x ${images.width} pixels, data.train of ${train.images.height} x ${train.images.width}; give all splits images of one size`,
            );
          }
          const all = own === undefined ? shares[split] : Array.from({ length: images.count }, (_, i) => i);
          const chosen = all.slice(0, data.limit[split]);
          if (chosen.length === 0)
            throw new HabsburgError(
              'invalid',
              `data.${split}: no image of ${data.train} is left for it; give a larger file or change heldOut`,
            );
          const folder = await folderOf(split);
          await writeImageRecords(
            folder,
            chosen.map((at, i) => recordOf(file, at, `${split}/${String(i).padStart(6, '0')}`)),
          );
          outputs[split] = { kind: 'dataset', folder, facts: { records: chosen.length, source } };
        }
        const prepared = outputs as Record<(typeof SPLITS)[number], PreparedSet>;
        const report = Object.fromEntries(SPLITS.map((split) => [split, Number(prepared[split].facts.records)]));
        return { outputs: prepared, report };
      },
    };
  },
};

/** All images of another file than data.train, in its order, as records of a training set. */
export async function viewImages(
  uri: string,
  sources: SourceDigests | undefined,
): Promise<Source & { write(folder: string, like: Pick<Images, 'height' | 'width'>): Promise<number> }> {
  const read = await readSource(uri, sources);
  const { count, height, width } = read.images;
  return {
    ...read,
    async write(folder, like) {
      if (height !== like.height || width !== like.width)
        throw new HabsburgError(
          'invalid',
          `${uri} has images of ${height} x ${width} pixels, data.train of ${like.height} x ${like.width}; give images of one size`,
        );
      if (count === 0) throw new HabsburgError('invalid', `${uri} has no images`);
      const all = Array.from({ length: count }, (_, i) => i);
      return writeImageRecords(
        folder,
        all.map((at) => recordOf(read, at, `source/${String(at).padStart(6, '0')}`)),
      );
    },
  };
}

function recordOf({ images: { height, width, pixels }, source }: Source, at: number, id: string): ImageRecord {
  const size = height * width;
  return { id, origin: { kind: 'real', source }, height, width, pixels: pixels.subarray(at * size, (at + 1) * size) };
}

async function readSource(uri: string, sources: SourceDigests | undefined): Promise<Source> {
  const path = pathOfSource(uri);
  const images = await readIdxImages(path);
  const { digest } = await measureFile(path);
  assertUnchanged(sources, uri, digest);
  const origin = await originOfFile(uri, 'images', digest);
  return { images, origin, source: `idx:${images.count}x${images.height}x${images.width}:${sha256(images.pixels)}` };
}
