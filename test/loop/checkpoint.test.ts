/** An experiment that starts from a pretrained model: from a GGUF file, from the folder that `lm convert` makes of it, and in 8 bits. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openArtifactStore } from '../../artifacts/open.js';
import type { Digest } from '../../common/canonical.js';
import { readSafetensors } from '../../engine/checkpoint/safetensors.js';
import type { RunOutcome } from './support.js';
import { habsburg, json, stepsOf, temporaryFolder } from './support.js';

const EXPERIMENT = fileURLToPath(new URL('./checkpoint.yaml', import.meta.url));
const GGUF = fileURLToPath(new URL('../golden/gguf/llama.gguf', import.meta.url));

let home: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  home = await temporaryFolder('checkpoint');
});
afterAll(() => home.remove());

/** Runs the experiment in a store of its own; its models by generation, as folders. */
async function modelsOf(name: string, ...more: string[]): Promise<{ base: string; trained: string; digests: string[] }> {
  const store = join(home.path, name);
  const outcome = await json<RunOutcome>([
    'run',
    EXPERIMENT,
    '--home',
    join(home.path, `${name}-home`),
    '--store',
    store,
    ...more,
  ]);
  expect(outcome.status).toBe('done');
  const steps = [...(await stepsOf(store)).values()];
  const artifacts = openArtifactStore(store);
  const fetch = async (digest: string, folder: string): Promise<string> => {
    await artifacts.materialise(digest as Digest, folder);
    return join(folder, 'model.safetensors');
  };
  const base = steps.find(({ step }) => step === 'prepare')!.outputs.base;
  const trained = steps.filter(({ step }) => step === 'finetune').map(({ outputs }) => outputs.model);
  return {
    base: await fetch(base, join(home.path, `${name}-base`)),
    trained: await fetch(trained[0], join(home.path, `${name}-trained`)),
    digests: trained.sort(),
  };
}

test('a GGUF file and its conversion give the same models; LoRA changes what it adapts and nothing else', async () => {
  const folder = join(home.path, 'converted');
  expect((await habsburg(['lm', 'convert', '--model', GGUF, '--out', folder])).code).toBe(0);
  const gguf = await modelsOf('gguf');
  const converted = await modelsOf('folder', '--set', `population.llama.base=file:${folder}`);
  expect(gguf.digests).toHaveLength(2);
  expect(converted.digests).toEqual(gguf.digests);

  const [before, after] = [await readSafetensors(gguf.base), await readSafetensors(gguf.trained)];
  const changed = [...after].filter(([name, { data }]) => data.some((value, i) => value !== before.get(name)!.data[i]));
  const adapted = [0, 1].flatMap((layer) => ['q_proj', 'v_proj'].map((m) => `model.layers.${layer}.self_attn.${m}.weight`));
  expect(changed.map(([name]) => name).sort()).toEqual(adapted.sort());
}, 600_000);

test('in 8 bits every generation keeps the base’s file as it is, with an adapter beside it', async () => {
  const base = JSON.stringify({ kind: 'checkpoint', source: `file:${GGUF}`, quantize: '8bit' });
  const { base: before, trained, digests } = await modelsOf('quantized', '--set', `population.llama.base=${base}`);
  expect(new Set(digests).size).toBe(2);
  expect((await readFile(trained)).equals(await readFile(before))).toBe(true);
  expect((await readFile(join(dirname(trained), 'adapter_config.json'), 'utf8')).length).toBeGreaterThan(0);
}, 600_000);
