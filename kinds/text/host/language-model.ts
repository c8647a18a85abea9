/** The language-model family: dataset and model folders on one side, the engine's fit, generate and score on the other. */
import { copyFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { HabsburgError } from '../../../common/errors.js';
import { CounterRng } from '../../../common/philox.js';
import type { DataRecord } from '../../../pool/records.js';
import { endTokensOf, packRows } from '../../../data/template.js';
import { RECORDS_FILE, readRecords, writeRecords } from '../../../pool/records.js';
import { readWeights } from '../../../pool/selection.js';
import type { ConfigJson, Model } from '../../../engine/index.js';
import { loadCheckpoint, saveCheckpoint } from '../../../engine/index.js';
import { mergeLora } from '../../../engine/adapters/lora.js';
import { asFloat32 } from '../../../engine/checkpoint/huggingface.js';
import { saveAdapted } from '../../../engine/checkpoint/quantize.js';
import { isQuantized } from '../../../engine/checkpoint/stored.js';
import { generateRows } from '../../../engine/generate/index.js';
import { fit } from '../../../engine/train/fit.js';
import { copyTokenizer, loadTokenizer } from '../../../engine/tokenizer/files.js';
import type { LanguageModelPlan } from '../plan.js';
import { fitReport } from '../../host/fit-report.js';
import { freshModel, isEmpty, readPrompts, readRows, recordOf } from './texts.js';
import type { Family, FitJob, GenerateJob, JobIo, JobReport } from '../../host/types.js';

const SHARD = /^shard-(\d{9})\.jsonl$/;

export const languageModel: Family<LanguageModelPlan> = {
  name: 'language-model',
  fit: fitModel,
  generate,
};

async function fitModel(job: FitJob<LanguageModelPlan>, io: JobIo): Promise<JobReport> {
  const rng = new CounterRng(job.rng);
  const from = 'model' in job.start ? job.start.model : job.start.tokenizer!;
  const frozen = Boolean(job.training.lora);
  const model: Model & { readonly generationConfig?: ConfigJson } =
    'model' in job.start
      ? await loadCheckpoint(job.start.model, { frozen, device: io.device })
      : await freshModel(job.start.scratch, from, rng);
  const { lossOn, packing } = job.training;
  const train = await readRows(job.train, lossOn);
  const valid = await readRows(job.valid, lossOn);
  const { rows, labels } = packing === undefined ? train : packRows(train.rows, train.labels ?? train.rows, packing);
  const { adapter, report } = await fit({
    model,
    train: rows,
    trainLabels: labels,
    trainWeights: await readWeights(job.train),
    valid: valid.rows,
    validLabels: valid.labels,
    settings: job.training,
    rng,
    threads: io.threads,
    device: io.device,
    resumeFrom: job.resume,
    onProgress: ({ perSecond, ...progress }) => io.progress({ ...progress, tokensPerSecond: perSecond }),
    checkpointDue: io.checkpointDue,
    checkpoint: io.checkpoint,
  });
  if (adapter !== undefined && isQuantized(model.config.json, from)) {
    await saveAdapted(job.out, from, model, adapter, null);
  } else {
    const { generationConfig } = model;
    const trained = adapter === undefined ? model : mergeLora(await asFloat32(model), adapter);
    await saveCheckpoint(job.out, { ...trained, generationConfig });
  }
  await copyTokenizer(from, job.out);
  return fitReport(report);
}

async function generate(job: GenerateJob<LanguageModelPlan>, io: JobIo): Promise<JobReport> {
  const model = await loadCheckpoint(job.model, { frozen: true, device: io.device });
  const tokenizer = await loadTokenizer(job.model);
  const endTokens = endTokensOf(model.config.json);
  const given = await readPrompts(job);
  const candidates = job.decoding.numReturnSequences ?? 1;
  const prompts = job.count ?? given.length;
  const count = prompts * candidates;
  const promptAt = (i: number) => given[Math.floor(i / candidates) % given.length];
  /** what is written lies in shards, but for what is newer than the last of them */
  const shards: string[] = [];
  let written = 0;
  let newest: DataRecord[] = [];
  if (job.resume) {
    for (const shard of (await readdir(job.resume)).filter((file) => SHARD.test(file)).sort()) {
      shards.push(join(job.resume, shard));
      for await (const _ of readRecords(join(job.resume, shard))) written++;
    }
  }
  await generateRows({
    model,
    ...(job.guide !== undefined && { guide: await loadCheckpoint(job.guide, { frozen: true, device: io.device }) }),
    prompts: Array.from({ length: prompts }, (_, i) => promptAt(i * candidates).row),
    settings: job.decoding,
    eosTokenId: endTokens,
    decode: (ids) => tokenizer.decode(ids),
    rng: new CounterRng(job.rng),
    threads: io.threads,
    device: io.device,
    startAt: written,
    onProgress: (progress) => io.progress({ phase: 'write', unit: 'record', ...progress }),
    async onBatch(start, rows) {
      if (start !== written) throw new HabsburgError('failed', `internal: batch at ${start} after ${written} records`);
      rows.forEach((row, i) => {
        newest.push(recordOf(start + i, promptAt(start + i), row, job.origin, { tokenizer, endTokens, candidates }));
      });
      written += rows.length;
      if (!io.checkpointDue() || written === count) return;
      const shard = join(job.out, `shard-${String(written - newest.length).padStart(9, '0')}.jsonl`);
      await writeRecords(shard, newest);
      newest = [];
      shards.push(shard);
      await io.checkpoint(async (folder) => {
        for (const path of shards) await copyFile(path, join(folder, path.slice(path.lastIndexOf('shard-'))));
      });
    },
  });
  let tokens = 0;
  const kept = async function* (): AsyncGenerator<DataRecord, void, undefined> {
    for await (const record of inOrder(shards, newest)) {
      if (isEmpty(record, job)) continue;
      tokens += record.tokens.length;
      yield record;
    }
  };
  const records = await writeRecords(join(job.out, RECORDS_FILE), kept());
  for (const shard of await readdir(job.out)) if (SHARD.test(shard)) await rm(join(job.out, shard));
  return { records, tokens, empty: written - records };
}

async function* inOrder(shards: readonly string[], newest: readonly DataRecord[]): AsyncGenerator<DataRecord, void, undefined> {
  for (const shard of shards) yield* readRecords(shard);
  yield* newest;
}
