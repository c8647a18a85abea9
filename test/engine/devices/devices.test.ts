/**
 * One contract for every device: logits, log-likelihoods, greedy tokens, and training steps are transformers', within a tolerance
 * that is the device's. A device that this machine lacks is named as such, and its refusal is tested instead.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { readSafetensors } from '../../../engine/checkpoint/safetensors.js';
import { engineFingerprint } from '../../../engine/fingerprint.js';
import { DEVICES, type Device } from '../../../engine/devices.js';
import { adapterEnvironments, withoutAdapter } from '../../support/adapter.js';
import { logitsError, readGolden } from '../../support/golden.js';
import { relativeError } from '../../support/numbers.js';

interface Measured {
  readonly logits: number[][];
  readonly scores: { nllSum: number; tokenCount: number }[];
  readonly tokens: number[][];
  readonly steps: { loss: number; norm: number }[];
  readonly gradients: Record<string, number[]>;
}

const MODELS = ['llama-gqa', 'gpt2', 'gemma2'];
/** Relative error: of values, and of a training step's loss, norm and gradients. */
const TOLERANCE: Readonly<Record<Device, { readonly values: number; readonly training: number }>> = {
  cpu: { values: 1e-5, training: 1e-5 },
  webgpu: { values: 2e-5, training: 1e-4 },
  cuda: { values: 1e-3, training: 1e-2 }, // TensorFloat-32: onnxruntime-node cannot turn it off
};
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const node = (args: string[], env: NodeJS.ProcessEnv): { code: number | null; out: string; err: string } => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env: { ...env, NODE_OPTIONS: '' }, encoding: 'utf8', maxBuffer: 2 ** 30 }); // prettier-ignore
  return { code: status, out: stdout, err: stderr };
};
const perplexity = (device: Device, env: NodeJS.ProcessEnv): { code: number | null; out: string; err: string } =>
  node([path('../../../bin/habsburg.js'), 'lm', 'perplexity', '--model', path('../../golden/lm/gpt2'), '--tokens', path('./rows.json'), '--device', device], env); // prettier-ignore

/** The first environment in which the device works, or why it does not in the last. */
function find(
  device: Device,
): { readonly name: string; readonly env: NodeJS.ProcessEnv } | { readonly refusal: string; readonly code: number | null } {
  let last = { code: null as number | null, err: '' };
  for (const environment of device === 'webgpu' ? adapterEnvironments() : adapterEnvironments().slice(0, 1)) {
    last = perplexity(device, environment.env);
    if (last.code === 0) return environment;
  }
  return { refusal: last.err.trim().split('\n').at(-1)!, code: last.code };
}

for (const device of DEVICES) {
  const found = find(device);
  if ('refusal' in found) {
    test(`${device}: NOT ON THIS MACHINE, only its refusal is tested (${found.refusal})`, () => {
      expect(found).toEqual({ code: 2, refusal: expect.stringMatching(refusalOf(device)) });
    });
    continue;
  }

  describe(`${device} on ${found.name}`, () => {
    const { values, training } = TOLERANCE[device];
    const run = node([path('./measure.mjs'), device, ...MODELS], found.env);
    if (run.code !== 0) throw new Error(`measure.mjs ${device} ended with ${run.code}: ${run.err}`);
    const measured = JSON.parse(run.out) as Record<string, Measured>;

    if (device !== 'cpu')
      test('every operator and its gradient', () => {
        const jest = [path('../../../node_modules/jest/bin/jest.js'), '--json', 'test/engine/graph/gradients.test.ts', '-t', 'onnxruntime computes']; // prettier-ignore
        const env = { ...found.env, HABSBURG_TEST_DEVICE: device };
        const { out } = node(['--experimental-vm-modules', ...jest], env);
        const { numPassedTests, numFailedTests } = JSON.parse(out) as { numPassedTests: number; numFailedTests: number };
        expect(numFailedTests).toBe(0);
        expect(numPassedTests).toBeGreaterThan(30);
      });

    test.each(MODELS)('%s: logits, once and again', async (name) => {
      const [batch] = (await readGolden(`test/golden/lm/${name}`)).batches;
      const expected = (await readSafetensors(`test/golden/lm/${name}/logits.safetensors`)).get('logits')!.data;
      const [once, again] = measured[name].logits.map((logits) => Float32Array.from(logits));
      expect(logitsError(once, expected, batch)).toBeLessThan(values);
      expect(again).toEqual(once);
    });

    test.each(MODELS)('%s: log-likelihoods of labelled rows', async (name) => {
      const { batch0 } = await readGolden(`test/golden/lm/${name}`);
      measured[name].scores.forEach(({ nllSum, tokenCount }, i) => {
        expect(tokenCount).toBe(batch0.token_count_per_row[i]);
        expect(Math.abs(nllSum / batch0.nll_sum_per_row[i] - 1)).toBeLessThan(values);
      });
    });

    test.each(MODELS)('%s: greedy tokens', async (name) => {
      const { generate } = (await readGolden(`test/golden/lm/${name}`)) as unknown as { generate: Record<string, { new_tokens: number[][] }> }; // prettier-ignore
      expect(measured[name].tokens).toEqual(generate.greedy.new_tokens);
    });

    test.each(MODELS)('%s: the loss and gradients of a training step, and the steps after it', async (name) => {
      const { adamw } = await readGolden(`test/golden/lm/${name}`);
      measured[name].steps.forEach(({ loss, norm }, i) => {
        expect(Math.abs(loss / adamw.losses[i] - 1)).toBeLessThan(training);
        expect(Math.abs(norm / adamw.grad_norms[i] - 1)).toBeLessThan(10 * training);
      });
      const all = (of: (key: string) => ArrayLike<number>): number[] =>
        Object.keys(measured[name].gradients).flatMap((key) => Array.from(of(key)));
      const expected = await readSafetensors(`test/golden/lm/${name}/gradients.safetensors`);
      const error = relativeError(all((key) => measured[name].gradients[key]), all((key) => expected.get(key)!.data)); // prettier-ignore
      expect(error).toBeLessThan(training);
    });
  });
}

function refusalOf(device: Device): RegExp {
  return device === 'webgpu'
    ? /^habsburg: device webgpu: it needs a graphics adapter and its driver, .*\(onnxruntime: .*\); or use the device cpu$/
    : /^habsburg: device cuda: (the installed onnxruntime-node has no CUDA libraries; .*|it needs a GPU with CUDA 12 and cuDNN 9 .*|onnxruntime-node has none for .*)$/;
}

(process.platform === 'linux' ? test : test.skip)('without an adapter webgpu is refused in one sentence, exit code 2', () => {
  const { code, err, out } = perplexity('webgpu', withoutAdapter());
  expect([code, out]).toEqual([2, '']);
  expect(err.trim().split('\n').at(-1)).toMatch(refusalOf('webgpu'));
});

test('an unknown device is refused with the known ones', () => {
  const { code, err } = perplexity('tpu' as Device, process.env);
  expect(code).toBe(2);
  expect(err).toMatch(/Allowed choices are cpu, webgpu, cuda/);
});

test('the fingerprint names every device but the usual one', () => {
  expect(engineFingerprint('webgpu')).toBe(`${engineFingerprint()} webgpu`);
  expect(engineFingerprint('cpu')).toBe(engineFingerprint());
});
