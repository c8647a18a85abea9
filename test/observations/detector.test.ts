/** A detector on worlds where the best that anybody can do is known; its numbers beside scikit-learn's. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../common/philox.js';
import detection from '../../observations/detection.js';
import { fitDetector, foldOf, probabilityOf, saveDetector, type DetectorText } from '../../observations/detector/detector.js';
import { featuresOf } from '../../observations/detector/features.js';
import { heldOut } from '../../observations/detector/held-out.js';
import { fitLinear, fitScale, logitOf, sigmoid } from '../../observations/detector/logistic.js';
import { trainDetector } from '../../observations/detector/train.js';
import { RECORDS_FILE, writeRecords } from '../../pool/records.js';

const rngOf = (seed: number) => new CounterRng({ seed, generation: 0, member: 'm', step: 'detector' });
const SMALL = { orders: 2, bits: 12, folds: 5, epochs: 10 };

/** Texts of independent words, of frequencies that are given. */
function textsOf(name: string, count: number, frequencies: readonly number[], seed: number, length = 20): DetectorText[] {
  const rng = rngOf(seed);
  return Array.from({ length: count }, (_, i) => ({
    id: `${name}/${String(i).padStart(6, '0')}`,
    tokens: Array.from({ length }, (_, k) => {
      let left = rng.uniform(i, k);
      const found = frequencies.findIndex((p) => (left -= p) < 0);
      return found < 0 ? frequencies.length - 1 : found;
    }),
  }));
}

const HUMAN = [0.3, 0.25, 0.2, 0.15, 0.1];
/** Its tail is thinner. */
const MODEL = [0.4, 0.27, 0.18, 0.1, 0.05];
const logRatio = ({ tokens }: DetectorText) => tokens.reduce((sum, id) => sum + Math.log(MODEL[id] / HUMAN[id]), 0);

describe('a detector', () => {
  test('is as good as the likelihood ratio, which nobody can beat, and as sure as it may be', () => {
    const [real, written] = [textsOf('real', 600, HUMAN, 1), textsOf('g0/m', 600, MODEL, 2)];
    const { detector, report } = fitDetector(real, written, rngOf(3), SMALL);
    // the best rule on many texts
    const [more, others] = [textsOf('real', 20_000, HUMAN, 4), textsOf('g0/m', 20_000, MODEL, 5)];
    const best = (more.filter((one) => logRatio(one) < 0).length + others.filter((one) => logRatio(one) > 0).length) / 40_000;
    const error = 1.96 * Math.sqrt((best * (1 - best)) / 1200);
    expect(report.accuracy).toBeLessThan(best + error);
    expect(report.accuracy).toBeGreaterThan(best - error - 0.02);
    expect(report).toMatchObject({ real: 600, written: 600 });
    expect(report.calibrationError).toBeLessThan(0.05);
    // what it says of texts that it was trained on is what was held out
    const both = [...real, ...written];
    expect(heldOut(both.map((one) => probabilityOf(detector, one)), both.map((_, i) => (i < 600 ? 0 : 1)), both.map(() => 1))).toEqual(report); // prettier-ignore
    // texts of others: of those that it calls 80 % or more, about as many are written as it says
    const sure = [...more.slice(0, 3000), ...others.slice(0, 3000)].filter((one) => probabilityOf(detector, one) >= 0.8);
    const share = sure.filter(({ id }) => id.startsWith('g0')).length / sure.length;
    const said = sure.reduce((sum, one) => sum + probabilityOf(detector, one), 0) / sure.length;
    expect(sure.length).toBeGreaterThan(100);
    expect(Math.abs(share - said)).toBeLessThan(1.96 * Math.sqrt((said * (1 - said)) / sure.length) + 0.03);
  });

  test('tells nothing where there is nothing to tell, nor of texts that it has learned from', () => {
    const [real, written] = [textsOf('real', 400, HUMAN, 11), textsOf('g0/m', 200, HUMAN, 12)];
    const { detector, report } = fitDetector(real, written, rngOf(13), SMALL);
    // the standard error of the mean of both kinds' shares
    expect(Math.abs(report.accuracy - 0.5)).toBeLessThan(1.96 * Math.sqrt((0.25 / 400 + 0.25 / 200) / 4));
    const mean = (texts: readonly DetectorText[]) =>
      texts.reduce((sum, one) => sum + probabilityOf(detector, one), 0) / texts.length;
    expect(Math.abs(mean(written) - mean(real))).toBeLessThan(0.02);
    expect(Math.abs(mean(real) - 0.5)).toBeLessThan(0.03);
  });

  test('is the same for the same stream, and another for another', () => {
    const [real, written] = [textsOf('real', 40, HUMAN, 1), textsOf('g0/m', 30, MODEL, 2)];
    const fitted = (seed: number) => fitDetector(real, written, rngOf(seed), SMALL).detector;
    expect(fitted(1)).toEqual(fitted(1));
    expect(fitted(2)).not.toEqual(fitted(1));
    expect(() => fitDetector(real, written.slice(0, 9), rngOf(1))).toThrow('and there are 40 and 9;');
  });

  test('a real text, what goes on behind it and all candidates are judged by the same weights', () => {
    expect([foldOf('train/000013', 5), foldOf('g2/m/000013', 5), foldOf('g2/m/c4/000013', 5), foldOf('x', 5)]).toEqual([
      3, 3, 3, 0,
    ]);
  });

  test('from files to files: it is trained, saved, loaded and read by, in a template’s record of the answer alone', async () => {
    const root = mkdtempSync(join(tmpdir(), 'habsburg-detector-'));
    const record = ({ id, tokens }: DetectorText) => ({ id, tokens: [99, ...tokens], text: '', prompt: { tokens: 1, text: '' }, origin: { kind: 'real' as const, source: 's' } }); // prettier-ignore
    const [real, written] = [textsOf('real', 60, HUMAN, 1), textsOf('g0/m', 50, MODEL, 2)];
    const folders = [mkdtempSync(join(root, 'r')), mkdtempSync(join(root, 'w')), mkdtempSync(join(root, 'd'))];
    await writeRecords(join(folders[0], RECORDS_FILE), real.map(record)); // prettier-ignore
    await writeRecords(join(folders[1], RECORDS_FILE), written.map(record)); // prettier-ignore
    const { key } = rngOf(5);
    const report = await trainDetector({ real: folders[0], written: folders[1], most: 40, rng: key, out: folders[2] });
    expect(report).toMatchObject({ real: 40, written: 40 });
    const { columns } = await detection.run({ data: folders[0], model: folders[2], settings: {} }, { threads: 1 });
    expect(columns.p_written).toHaveLength(60);
    expect(Math.max(...(columns.p_written as Float64Array))).toBeLessThanOrEqual(1);
    const all = fitDetector(real, written, rngOf(6));
    await saveDetector(folders[2], all.detector);
    const again = await detection.run({ data: folders[1], model: folders[2], settings: {} }, { threads: 1 });
    expect([...again.columns.p_written]).toEqual(written.map((one) => probabilityOf(all.detector, one)));
    rmSync(root, { recursive: true });
  });
});

test('a sequence classifier reads the text in place of a detector of ours, and says what transformers says of the label', async () => {
  const root = mkdtempSync(join(tmpdir(), 'habsburg-detector-'));
  const DIR = 'test/engine/encoders/golden/classifiers';
  const golden = JSON.parse(readFileSync(`${DIR}/golden.json`, 'utf8')) as { texts: string[]; models: { bert: { pipeline: { machine: number }[]; logits: number[][] } } }; // prettier-ignore
  const records = golden.texts.map((text, i) => ({ id: `g0/m/${i}`, tokens: [1], text, origin: { kind: 'real' as const, source: 's' } })); // prettier-ignore
  await writeRecords(join(root, RECORDS_FILE), records);
  const read = async (settings: object) => (await detection.run({ data: root, model: `${DIR}/bert`, settings: { ...settings } }, { threads: 1 })).columns.p_written; // prettier-ignore
  const { pipeline, logits } = golden.models.bert;
  const machine = await read({ label: 'machine' });
  pipeline.forEach((row, i) => expect(Math.abs(machine[i] - row.machine)).toBeLessThan(1e-6));
  const cooler = await read({ label: 1, temperature: 2 });
  logits.forEach(([m, h], i) => expect(cooler[i]).toBeCloseTo(1 / (1 + Math.exp((m - h) / 2)), 6));
  rmSync(root, { recursive: true });
});

test('the linear fit ends where a logistic one does: three of four that look alike are written', () => {
  const features = { at: Int32Array.of(0), value: Float32Array.of(1) };
  const examples = Array.from({ length: 200 }, (_, i) => ({
    features,
    label: i % 4 === 0 ? (0 as const) : (1 as const),
    weight: 1,
  }));
  expect(sigmoid(logitOf(fitLinear(examples, 1, 40, rngOf(1)), features))).toBeCloseTo(0.75, 1);
});

test('features: each n-gram once, by its logarithm, on a vector of length 1; order matters from two tokens on', () => {
  const { at, value } = featuresOf([7, 7, 8], 1, 20);
  expect([at.length, value.length]).toEqual([2, 2]);
  const [seven, eight] = [Math.log1p(2), Math.log1p(1)];
  expect(value[0]).toBeCloseTo(seven / Math.hypot(seven, eight), 6);
  const places = (tokens: number[], orders: number) => [...featuresOf(tokens, orders, 20).at].sort((a, b) => a - b);
  expect(places([1, 2, 3], 1)).toEqual(places([3, 2, 1], 1));
  expect(places([1, 2, 3], 2)).not.toEqual(places([3, 2, 1], 2));
  expect(places([1, 2, 3], 3)).toHaveLength(6);
  expect(places([], 3)).toEqual([]);
});

// scikit-learn 1.9.1: roc_auc_score, accuracy_score, brier_score_loss, and the sigmoid of CalibratedClassifierCV
const X = [2.04, -0.06, 2.92, -0.22, 2.05, -0.22, 0.48, 2.27, -0.87, 3.32, 2.73, -0.35];
const P = [0.885, 0.485, 0.949, 0.445, 0.886, 0.445, 0.618, 0.906, 0.295, 0.965, 0.939, 0.413];
const LABELS = [0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0];

test('what is held out is told as scikit-learn tells it', () => {
  const even = heldOut(P, LABELS, LABELS.map(() => 1)); // prettier-ignore
  expect(even.auc).toBeCloseTo(0.7777777777777778, 12);
  expect([even.accuracy, even.brier].map((x) => x.toFixed(10))).toEqual(['0.7500000000', '0.2339497500']);
  const weighted = heldOut(P, LABELS, LABELS.map((label) => (label === 1 ? 0.5 : 1))); // prettier-ignore
  expect([weighted.accuracy, weighted.brier].map((x) => x.toFixed(10))).toEqual(['0.7222222222', '0.2875272778']);
  // equal ones of both kinds count half
  expect(heldOut([0.3, 0.3, 0.9], [0, 1, 1], [1, 1, 1]).auc).toBe(0.75);
  // by hand: of two in one bin half are written, and they say 0.4 on average
  expect(heldOut([0.4, 0.4, 1], [1, 0, 1], [1, 1, 1]).calibrationError).toBeCloseTo((2 * 0.1) / 3, 12);
});

test('and Platt’s scale is its, too, also where both kinds lie apart', () => {
  const { slope, intercept } = fitScale(X, LABELS, LABELS.map(() => 1)); // prettier-ignore
  expect(slope).toBeCloseTo(0.4144595745998207, 6);
  expect(intercept).toBeCloseTo(-0.48576045664536627, 6);
  const apart = fitScale([-2, -1, 1, 2], [0, 0, 1, 1], [1, 1, 1, 1]);
  expect(apart.slope).toBeGreaterThan(0.5);
  expect(apart.slope).toBeLessThan(5);
});
