/**
 * What a fit has seen, counted in training exposures: of each record its length, as often as it was trained on. From the statement of
 * the fit and the records of its training set alone; the order of a last pass that was not whole is drawn again.
 */
import { HabsburgError } from '../common/errors.js';
import type { Digest } from '../common/canonical.js';
import { IGNORED } from '../common/labels.js';
import { CounterRng } from '../common/philox.js';
import { packRows } from '../data/template.js';
import { stepsOf, type SchedulePlan } from '../engine/train/schedule.js';
import type { Datasets, Rows, Writer } from './datasets.js';
import { factsOf, type Made } from './graph.js';

/** Whole numbers. */
export interface Amount {
  /** under the model's own tokenizer, without those that the loss leaves out; 0 where records are no texts */
  readonly tokens: number;
  /** UTF-8, of the same texts */
  readonly bytes: number;
  /** of whole records; a template's prompt is none of its own */
  readonly records: number;
}

export interface Part extends Amount {
  readonly writer: Writer;
  readonly changed: boolean;
}

export interface Exposures {
  /** a part each writer and each changed or not */
  readonly parts: readonly Part[];
  /** over the training set: optimiser steps that were planned, by those of one pass; 0: nothing was trained */
  readonly passes: number;
  /** whether the weights may be those of an earlier moment: early stopping, or the best validation */
  readonly atMost: boolean;
}

/** The settings that decide how often a record is seen. */
interface Training extends SchedulePlan {
  readonly batch?: number;
  readonly accumulation?: number;
  readonly select?: 'best' | 'last';
  readonly patience?: number | null;
  readonly validateEvery?: number;
  readonly lossOn?: 'answer' | 'all';
  readonly packing?: number;
}

/** The records of a training set, one after the other. */
interface TrainingRow {
  readonly dataset: Digest;
  readonly rows: Rows;
  readonly at: number;
}

/** What a finetune step was fitted to: the records of its set in their order, and of each how much of it was seen. */
export async function trainingOf(datasets: Datasets, made: Made) {
  const { parameters } = await factsOf(datasets.store, made);
  const training = (parameters as { readonly training?: Training } | null)?.training;
  if (!training || !made.inputs.train)
    throw new HabsburgError('verification', `the statement ${made.statement} of step ${made.key} names no training set or no training`); // prettier-ignore
  const set: TrainingRow[] = [];
  for (const { dataset, first, count } of await datasets.pieces(made.inputs.train)) {
    const rows = await datasets.rows(dataset);
    if (first + count > rows.count) throw new HabsburgError('verification', `the training set of step ${made.key} names records that dataset ${dataset} does not have`); // prettier-ignore
    for (let at = first; at < first + count; at++) set.push({ dataset, rows, at });
  }
  const selects = (rounds: number) => Boolean(training.patience) || (training.select === 'best' && rounds > 1);
  const { rounds, ...times } = timesSeen(set, training, made);
  return { training, set, ...times, atMost: selects(rounds) };
}

/** @param made a finetune step */
export async function exposuresOf(datasets: Datasets, made: Made): Promise<Exposures> {
  const { training, set, seen, passes, atMost } = await trainingOf(datasets, made);
  const parts = new Map<string, { -readonly [K in keyof Part]: Part[K] }>();
  const add = (writer: Writer, changed: boolean, amount: Amount) => {
    const name = `${'model' in writer ? writer.model : `${writer.sources}`} ${changed}`;
    const part = parts.get(name) ?? { writer, changed, tokens: 0, bytes: 0, records: 0 };
    part.tokens += amount.tokens;
    part.bytes += amount.bytes;
    part.records += amount.records;
    parts.set(name, part);
  };
  for (const [i, { rows, at }] of set.entries()) {
    const { answer, prompt, times } = seen(i);
    const writer = rows.writers[rows.by[at]];
    const continues = rows.continues.get(at);
    const own = prompt > 0 && 'model' in writer && continues !== undefined;
    const promptBytes = training.lossOn === 'answer' ? 0 : times * rows.promptBytes[at];
    const answerBytes = times * (rows.bytes[at] - rows.promptBytes[at]);
    if (own)
      add(await datasets.writerOfPrompt(writer.model, continues), false, { tokens: prompt, bytes: promptBytes, records: 0 });
    add(writer, rows.changed[at] === 1, own ? { tokens: answer, bytes: answerBytes, records: times } : { tokens: answer + prompt, bytes: answerBytes + promptBytes, records: times }); // prettier-ignore
  }
  return { parts: [...parts.values()], passes, atMost };
}

/** Of each record of a set, how many of its tokens were trained on, all passes together, and how often its beginning was. */
function timesSeen(set: readonly TrainingRow[], training: Training, { seed, generation, member }: Made) {
  const rng = new CounterRng({ seed, generation, member, step: 'finetune' });
  const prompt = ({ rows, at }: TrainingRow) => rows.promptTokens[at];
  const length = ({ rows, at }: TrainingRow) => rows.tokens[at];
  const blocks = training.packing === undefined ? undefined : packed(set, training.packing, training.lossOn);
  const examples = blocks?.length ?? set.length;
  const perStep = (training.batch ?? 1) * (training.accumulation ?? 1);
  const stepsPerPass = Math.max(1, Math.ceil(examples / perStep));
  const steps = examples === 0 ? 0 : stepsOf(training, stepsPerPass);
  const whole = Math.floor(steps / stepsPerPass);
  const times = new Float64Array(examples).fill(whole);
  if (steps % stepsPerPass > 0)
    for (const one of rng.permutation(examples, whole).subarray(0, (steps % stepsPerPass) * perStep)) times[one]++;
  const passes = steps / stepsPerPass;
  const rounds = Math.ceil(steps / (training.validateEvery ?? stepsPerPass));
  const masked = training.lossOn === 'answer';
  if (!blocks)
    return {
      passes,
      rounds,
      seen: (i: number) => ({
        answer: times[i] * (length(set[i]) - prompt(set[i])),
        prompt: masked ? 0 : times[i] * prompt(set[i]),
        times: times[i],
      }),
    };
  const sums = set.map(() => ({ answer: 0, prompt: 0, times: 0 }));
  for (const [block, pieces] of blocks.entries())
    for (const { row, from, to } of pieces) {
      const inPrompt = Math.max(0, Math.min(to, prompt(set[row])) - from);
      sums[row].answer += times[block] * (to - from - inPrompt);
      if (!masked) sums[row].prompt += times[block] * inPrompt;
      // a record that is cut in two is where it begins
      if (from === 0) sums[row].times += times[block];
    }
  return { passes, rounds, seen: (i: number) => sums[i] };
}

/** The blocks of joined rows that are trained on: of each, tokens [from, to) of rows. */
function packed(set: readonly TrainingRow[], block: number, lossOn: Training['lossOn']) {
  // each token is its own place among all in place of an id, so that a block tells what lies in it
  let tokens = 0;
  const rows = set.map(({ rows, at }) => Int32Array.from({ length: rows.tokens[at] }, () => tokens++));
  const labels = rows.map((row, i) => (lossOn === 'answer' ? row.slice().fill(IGNORED, 0, set[i].rows.promptTokens[set[i].at]) : row)); // prettier-ignore
  let row = 0;
  let start = 0;
  return packRows(rows, labels, block).rows.map((own) => {
    const pieces: { row: number; from: number; to: number }[] = [];
    for (let at = own[0]; at < own[0] + own.length;) {
      while (at >= start + rows[row].length) start += rows[row++].length;
      const to = Math.min(own[0] + own.length, start + rows[row].length);
      pieces.push({ row, from: at - start, to: to - start });
      at = to;
    }
    return pieces;
  });
}
