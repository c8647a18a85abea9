/** Fine-tuning: epochs of AdamW steps over shuffled rows, a validation after each. Order, schedule and selection are every engine's. */
import { createHash } from 'node:crypto';
import { digestOf } from '../../common/canonical.js';
import { HabsburgError } from '../../common/errors.js';
import { CounterRng } from '../../common/philox.js';
import { packRows } from '../../data/template.js';
import { loadCheckpoint, saveCheckpoint, type Checkpoint } from '../../engine/checkpoint/huggingface.js';
import { copyTokenizer } from '../../engine/tokenizer/files.js';
import { learningRateAt, stepsOf } from '../../engine/train/schedule.js';
import { fitReport } from '../../kinds/host/fit-report.js';
import { freshModel, readRows } from '../../kinds/text/host/texts.js';
import type { FitJob, JobIo, JobReport } from '../../kinds/host/types.js';
import { readWeights } from '../../pool/selection.js';
import type { LanguageModelPlan, TrainingPlan } from '../../kinds/text/plan.js';
import type { LossPlan } from '../../engine/train/losses/index.js';
import { AdamW, type AdamWSettings } from './adamw.js';
import { backpropagate, predictions, targetsIn } from './loss.js';
import { ReferenceModel } from './model.js';
import type { EpochReport, Position } from '../../engine/train/state.js';
import { readState, writeState } from './state.js';

interface Rows {
  readonly rows: readonly Int32Array[];
  /** one a token, IGNORED: not predicted */
  readonly labels: readonly Int32Array[];
}

export async function fit(job: FitJob<LanguageModelPlan>, io: JobIo): Promise<JobReport> {
  const rng = new CounterRng(job.rng);
  const from = 'model' in job.start ? job.start.model : job.start.tokenizer!;
  const start: Checkpoint =
    'model' in job.start ? await loadCheckpoint(job.start.model) : await freshModel(job.start.scratch, from, rng);
  const model = new ReferenceModel(start);
  const { training } = job;
  const given = await readRows(job.train, training.lossOn);
  const train = labelled(training.packing === undefined ? given : packRows(given.rows, given.labels ?? given.rows, training.packing)); // prettier-ignore
  const valid = labelled(await readRows(job.valid, training.lossOn));
  check(model, train, valid, training);
  const weights = (await readWeights(job.train)) ?? new Float32Array(train.rows.length).fill(1);

  const optimizer = new AdamW(model.parameters, training as AdamWSettings);
  let best: Map<string, Float64Array> | undefined;
  let position: Position = { step: 0, nllSum: 0, targetCount: 0, epochs: [] };
  const run = digestOf({
    settings: training,
    key: rng.key,
    architecture: model.config.json,
    rows: [train, valid].map(({ rows, labels }) => [...rows, ...labels].map(sha256)),
    weights: sha256(weights),
  });
  if (job.resume !== undefined) ({ position, best } = await readState(job.resume, run, optimizer));

  const perStep = training.batch * training.accumulation;
  const stepsPerEpoch = Math.ceil(train.rows.length / perStep);
  const steps = stepsOf(training, stepsPerEpoch);
  const stepsPerRound = training.validateEvery ?? stepsPerEpoch;
  while (position.step < steps && !isPatienceOver(position.epochs, training.patience)) {
    const epoch = Math.floor(position.step / stepsPerEpoch); // from 0
    const at = position.step % stepsPerEpoch;
    const chosen = rng.permutation(train.rows.length, epoch).subarray(at * perStep, (at + 1) * perStep);
    const { nllSum, targetCount } = takeStep(model, optimizer, train, weights, chosen, learningRateAt(training, position.step, stepsPerEpoch), training.loss); // prettier-ignore
    position = {
      ...position,
      step: position.step + 1,
      nllSum: position.nllSum + nllSum,
      targetCount: position.targetCount + targetCount,
    };
    io.progress({ phase: 'train', done: position.step, total: steps, unit: 'step', epoch: epoch + 1, loss: nllSum / targetCount }); // prettier-ignore
    if (position.step % stepsPerRound === 0 || position.step === steps) {
      const validLoss = meanLoss(model, valid);
      const round = position.epochs.length + 1;
      const done = { epoch: round, trainLoss: position.nllSum / position.targetCount, validLoss };
      position = { step: position.step, nllSum: 0, targetCount: 0, epochs: [...position.epochs, done] };
      if (training.select === 'best' && bestEpoch(position.epochs) === round)
        best = new Map([...model.parameters].map(([name, { data }]) => [name, data.slice()]));
    }
    if (position.step < steps && io.checkpointDue())
      await io.checkpoint((folder) => writeState(folder, run, position, optimizer, best));
  }

  const { generationConfig } = start;
  const selected = best && ((name: string) => best!.get(name)!);
  await saveCheckpoint(job.out, { config: model.config, weights: model.weights(selected), generationConfig });
  await copyTokenizer(from, job.out);
  const losses = position.epochs.flatMap(({ validLoss }) => (validLoss === null ? [] : [validLoss]));
  return fitReport({
    steps: position.step,
    epochs: position.epochs,
    selectedEpoch: training.select === 'last' ? position.epochs.length : bestEpoch(position.epochs),
    bestValidLoss: losses.length === 0 ? null : Math.min(...losses),
  });
}

/** One step on the mean loss over all targets of the chosen rows. */
function takeStep(
  model: ReferenceModel,
  optimizer: AdamW,
  { rows, labels }: Rows,
  weights: Float32Array,
  chosen: Uint32Array,
  learningRate: number,
  loss?: LossPlan,
): { nllSum: number; targetCount: number } {
  const targetCount = chosen.reduce((sum, i) => sum + weights[i] * targetsIn(labels[i]), 0);
  let nllSum = 0;
  for (const i of chosen) nllSum += weights[i] * backpropagate(model, rows[i], labels[i], weights[i] / targetCount, loss);
  optimizer.step(learningRate);
  return { nllSum, targetCount };
}

/** Mean over all targets; null where there are none. */
function meanLoss(model: ReferenceModel, { rows, labels }: Rows): number | null {
  const all = rows.flatMap((row, i) => predictions(model, row, labels[i]));
  if (all.length === 0) return null;
  const loss = all.reduce((sum, { nll }) => sum + nll, 0) / all.length;
  if (!Number.isFinite(loss))
    throw new HabsburgError('failed', 'the validation loss is not finite: training diverged; lower the learning rate');
  return loss;
}

function labelled({ rows, labels = rows }: { rows: readonly Int32Array[]; labels?: readonly Int32Array[] }): Rows {
  return { rows, labels };
}

function check(model: ReferenceModel, train: Rows, valid: Rows, { select, patience }: TrainingPlan): void {
  const refuse = (message: string): never => {
    throw new HabsburgError('invalid', message);
  };
  if (train.rows.length === 0) refuse('there are no rows to train on');
  if (select === 'best' && valid.rows.length === 0)
    refuse('select: best needs validation rows, and there are none; give some or use select: last');
  if (patience && valid.rows.length === 0)
    refuse('patience needs validation rows, and there are none; give some or leave it out');
  const silent = train.labels.findIndex((labels) => targetsIn(labels) === 0);
  if (silent >= 0) refuse(`training row ${silent} has no token to predict; leave it out`);
  model.checkRows(train.rows);
  model.checkRows(valid.rows);
}

/** The first epoch with the lowest validation loss, from 1; 0: there is none. */
function bestEpoch(epochs: readonly EpochReport[]): number {
  return epochs.reduce(
    (best, { epoch, validLoss }) => (best === 0 || validLoss! < epochs[best - 1].validLoss! ? epoch : best),
    0,
  );
}

/** Whether the last `patience` epochs all ended with a validation loss no lower than the lowest before them. */
function isPatienceOver(epochs: readonly EpochReport[], patience: TrainingPlan['patience']): boolean {
  return !!patience && epochs.length - bestEpoch(epochs) >= patience;
}

const sha256 = (numbers: Int32Array | Float32Array): string => createHash('sha256').update(numbers).digest('hex');
