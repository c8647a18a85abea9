/** The VAE family: datasets of images and model folders on one side, the engine's training, writing and scoring on the other. */
import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HabsburgError } from '../../../common/errors.js';
import { CounterRng } from '../../../common/philox.js';
import type { ImageRecord } from '../../../pool/images.js';
import { readImages, writeImageRecords } from '../../../pool/images.js';
import { readWeights } from '../../../pool/selection.js';
import { loadVae, saveVae } from '../../../engine/vae/checkpoint.js';
import { checkImageSize, initialVaeWeights } from '../../../engine/vae/config.js';
import { fitVae } from '../../../engine/vae/fit.js';
import { writeImages } from '../../../engine/vae/write.js';
import type { VaePlan } from '../plan.js';
import { fitReport } from '../../host/fit-report.js';
import type { Family, FitJob, GenerateJob, JobIo, JobReport } from '../../host/types.js';

const SHARD = /^shard-(\d{9})\.bin$/;

export const vae: Family<VaePlan> = { name: 'vae', fit, generate };

async function fit(job: FitJob<VaePlan>, io: JobIo): Promise<JobReport> {
  const rng = new CounterRng(job.rng);
  const train = await readImages(job.train);
  const { start } = job;
  const model =
    'model' in start
      ? await loadVae(start.model)
      : (() => {
          const config = { architecture: start.scratch.architecture, height: train.height, width: train.width };
          checkImageSize(config);
          return { config, weights: initialVaeWeights(config, rng.derive('init')) };
        })();
  const report = await fitVae({
    vae: model,
    train,
    trainWeights: await readWeights(job.train),
    valid: await readImages(job.valid),
    settings: job.training,
    rng,
    threads: io.threads,
    device: io.device,
    resumeFrom: job.resume,
    onProgress: ({ perSecond, ...progress }) => io.progress({ ...progress, imagesPerSecond: perSecond }),
    checkpointDue: io.checkpointDue,
    checkpoint: io.checkpoint,
  });
  await saveVae(job.out, model);
  return fitReport(report);
}

async function generate(job: GenerateJob<VaePlan>, io: JobIo): Promise<JobReport> {
  const model = await loadVae(job.model);
  const { height, width } = model.config;
  const size = height * width;
  const count = job.count ?? (await readImages(job.prompts)).count;
  const pixels = new Uint8Array(count * size);
  const shards: string[] = [];
  let done = 0;
  if (job.resume) {
    for (const shard of (await readdir(job.resume)).filter((file) => SHARD.test(file)).sort()) {
      const bytes = await readFile(join(job.resume, shard));
      if (done * size + bytes.length > pixels.length || bytes.length % size !== 0)
        throw new HabsburgError('verification', `${join(job.resume, shard)} does not belong to this step; remove the checkpoint`);
      pixels.set(bytes, done * size);
      done += bytes.length / size;
      shards.push(join(job.resume, shard));
    }
  }
  let stored = done;
  await writeImages({
    vae: model,
    count,
    settings: job.decoding,
    rng: new CounterRng(job.rng),
    threads: io.threads,
    device: io.device,
    startAt: done,
    async onBatch(start, bytes) {
      pixels.set(bytes, start * size);
      done = start + bytes.length / size;
      io.progress({ phase: 'write', unit: 'record', done, total: count });
      if (!io.checkpointDue() || done === count) return;
      const shard = join(job.out, `shard-${String(stored).padStart(9, '0')}.bin`);
      await writeFile(shard, pixels.subarray(stored * size, done * size));
      stored = done;
      shards.push(shard);
      await io.checkpoint(async (folder) => {
        for (const path of shards) await copyFile(path, join(folder, path.slice(path.lastIndexOf('shard-'))));
      });
    },
  });
  for (const file of await readdir(job.out)) if (SHARD.test(file)) await rm(join(job.out, file));
  const records = Array.from({ length: count }, (_, i): ImageRecord => ({
    id: `g${job.origin.generation}/${job.origin.member}/${String(i).padStart(6, '0')}`,
    origin: { kind: 'generated', ...job.origin },
    height,
    width,
    pixels: pixels.subarray(i * size, (i + 1) * size),
  }));
  return { records: await writeImageRecords(job.out, records) };
}
