/** Adapters as people have them, against peft 0.21 (test/golden/checkpoints.json), and the decompositions that some begin with. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CounterRng } from '../../../common/philox.js';
import { dominantSubspace, orthonormalColumns, symmetricTridiagonal } from '../../../engine/adapters/decompositions.js';
import { startOf, type Matrix } from '../../../engine/adapters/start.js';
import { loadCheckpoint, withAdapter } from '../../../engine/checkpoint/huggingface.js';
import { loadAdapter } from '../../../engine/checkpoint/peft.js';
import { quantizeCheckpoint } from '../../../engine/checkpoint/quantize.js';
import { readSafetensors, writeSafetensors, type Weights } from '../../../engine/checkpoint/safetensors.js';
import { scoreRows } from '../../../engine/score.js';
import { readCheckpoints, type OddModel } from '../../support/checkpoints.js';

const golden = readCheckpoints();
const rows = golden.rows.map((row) => Int32Array.from(row));
let root: string;
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'adapters-'))));
afterAll(() => rm(root, { recursive: true }));

async function variant({ base, config, weights: how }: OddModel): Promise<string> {
  const source = `test/golden/lm/${base}/lora-10-steps`;
  const dir = await mkdtemp(join(root, 'adapter-'));
  const json = JSON.parse(await readFile(join(source, 'adapter_config.json'), 'utf8')) as object;
  await writeFile(join(dir, 'adapter_config.json'), JSON.stringify({ ...json, ...config }));
  if (how === 'pytorch') {
    await cp('test/golden/pytorch/adapter.bin', join(dir, 'adapter_model.bin'));
    return dir;
  }
  const weights = await readSafetensors(join(source, 'adapter_model.safetensors'));
  const out: Weights = new Map(weights);
  if (how === 'named') {
    out.clear();
    for (const [name, tensor] of weights) out.set(name.replace('.weight', '.default.weight'), tensor);
  }
  if (how === 'embedding') {
    const name = 'model.embed_tokens.weight';
    const { shape, data } = (await readSafetensors(`test/golden/lm/${base}/model.safetensors`)).get(name)!;
    out.set(`base_model.model.${name}`, { shape, data: data.map((x) => 0.9 * x) });
  }
  await writeSafetensors(join(dir, 'adapter_model.safetensors'), out);
  return dir;
}

describe('log-likelihoods are those that peft finds', () => {
  test.each(golden.adapters.map((adapter) => [adapter.base, adapter.name, adapter] as const))(
    '%s: %s',
    async (_, __, adapter) => {
      const dir = await variant(adapter);
      const base = `test/golden/lm/${adapter.base}`;
      for (const frozen of [false, true]) {
        const model = await loadCheckpoint(base, { frozen });
        const scores = await scoreRows({ model: withAdapter(model, await loadAdapter(dir, model)), rows, threads: 1 });
        scores.forEach(({ nllSum }, i) => expect(nllSum / adapter.nll[i]).toBeCloseTo(1, 5));
      }
      // Beside a base in fewer bits it is about the same: what is taken out is of the numbers that the base then has.
      const quantised = await mkdtemp(join(root, 'quantised-'));
      await quantizeCheckpoint(base, quantised, 'fp16');
      const model = await loadCheckpoint(quantised);
      const scores = await scoreRows({ model: withAdapter(model, await loadAdapter(dir, model)), rows, threads: 1 });
      scores.forEach(({ nllSum }, i) => expect(nllSum / adapter.nll[i]).toBeCloseTo(1, 3));
    },
  );
});

describe('decompositions', () => {
  const rng = new CounterRng({ seed: 3, generation: 0, member: 'm', step: 'matrix' });
  const random = (rows: number, columns: number, lane = 0): Matrix => ({
    rows,
    columns,
    data: Float64Array.from({ length: rows * columns }, (_, i) => rng.normal(i, lane)),
  });
  /** Σ_k values[k] · u_k v_kᵀ with orthonormal u and v */
  const withSingularValues = (rows: number, columns: number, values: readonly number[]): { w: Matrix; v: Float64Array[] } => {
    const u = orthonormalColumns(random(rows, values.length, 1), values.length);
    const v = orthonormalColumns(random(columns, values.length, 2), values.length);
    const data = new Float64Array(rows * columns);
    values.forEach((value, k) => {
      for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) data[r * columns + c] += value * u[k][r] * v[k][c];
    });
    return { w: { rows, columns, data }, v };
  };
  const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * b[i], 0);

  test.each([
    [7, 5, [9, 4, 3, 2, 1]],
    [40, 90, [5, 4.9, 4.8, 1, 1, 1, 0.5]], // of low rank, some values equal
    [90, 40, Array.from({ length: 40 }, (_, i) => 40 - i)],
    [6, 6, [3, 3, 3, 1, 1, 1]], // the identity but for two values
  ])('the largest singular vectors of (%d, %d) with %j', (rows, columns, values) => {
    const { w, v } = withSingularValues(rows, columns, values);
    const found = dominantSubspace(w, 3);
    expect(found).toHaveLength(3);
    found.forEach((a, i) => found.forEach((b, j) => expect(dot(a, b)).toBeCloseTo(i === j ? 1 : 0, 12)));
    // Every one of the three lies in the found space.
    for (const vector of v.slice(0, 3)) expect(found.reduce((sum, a) => sum + dot(a, vector) ** 2, 0)).toBeCloseTo(1, 10);
  });

  test('the eigenvalues of a tridiagonal matrix', () => {
    const n = 30; // of the second difference: 2 - 2 cos(kπ / (n + 1))
    const { values, vectors } = symmetricTridiagonal(Array(n).fill(2), Array(n - 1).fill(-1));
    const expected = Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)));
    [...values].sort((a, b) => a - b).forEach((value, k) => expect(value).toBeCloseTo(expected[k], 12));
    const entry = (j: number, i: number): number => (j < 0 || j >= n ? 0 : vectors[j][i]);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++)
        expect(2 * entry(j, i) - entry(j - 1, i) - entry(j + 1, i)).toBeCloseTo(values[i] * vectors[j][i], 12);
  });

  test('columns that depend on others, and a rank beyond the matrix', () => {
    const w: Matrix = { rows: 3, columns: 3, data: Float64Array.of(1, 2, 0, 1, 2, 0, 0, 0, 5) };
    expect(orthonormalColumns(w, 3)).toHaveLength(2);
    for (const start of ['pissa', 'olora'] as const) {
      const { a, b } = startOf(start, w, 5, 1);
      const product = Array.from({ length: 9 }, (_, i) =>
        Array.from({ length: 5 }, (__, k) => b[Math.floor(i / 3) * 5 + k] * a[k * 3 + (i % 3)]).reduce((x, y) => x + y, 0),
      );
      product.forEach((x, i) => expect(x).toBeCloseTo(w.data[i], 12)); // all of it
    }
    expect(dominantSubspace({ rows: 4, columns: 4, data: new Float64Array(16) }, 2)).toHaveLength(2); // a matrix of zeros
  });
});
