/** PyTorch's .bin files against the same tensors as torch wrote them to safetensors, and files that must not be believed. */
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadCheckpoint } from '../../../engine/checkpoint/huggingface.js';
import { readPytorch } from '../../../engine/checkpoint/pytorch.js';
import { readSafetensors } from '../../../engine/checkpoint/safetensors.js';

const DIR = 'test/golden/pytorch';
let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'pytorch-'))));
afterAll(() => rm(folder, { recursive: true }));

test.each(['tensors', 'module'])('%s: every float tensor, bit for bit', async (name) => {
  const expected = await readSafetensors(`${DIR}/${name}.safetensors`);
  const actual = await readPytorch(`${DIR}/${name}.bin`);
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [key, { shape, data }] of expected) expect([key, actual.get(key)]).toEqual([key, { shape, data }]);
});

test('a model folder with pytorch_model.bin is read where there are no safetensors', async () => {
  const dir = join(folder, 'model');
  await cp('test/golden/lm/opt-odd-gelu', dir, { recursive: true });
  await rm(join(dir, 'model.safetensors'));
  await expect(loadCheckpoint(dir)).rejects.toThrow(/holds none of model\.safetensors, .*pytorch_model\.bin/);
  await cp(`${DIR}/module.bin`, join(dir, 'pytorch_model.bin'));
  await expect(loadCheckpoint(dir)).rejects.toThrow(/lacks the weight model\.decoder\.embed_tokens\.weight/);
  await rm(join(dir, 'pytorch_model.bin'));
  await cp(`${DIR}/module.bin`, join(dir, 'a.bin'));
  await writeFile(join(dir, 'pytorch_model.bin.index.json'), JSON.stringify({ weight_map: { x: 'a.bin' } }));
  await expect(loadCheckpoint(dir)).rejects.toThrow(/lacks the weight/);
  await writeFile(join(dir, 'pytorch_model.bin.index.json'), JSON.stringify({ weight_map: { x: '../a.bin' } }));
  await expect(loadCheckpoint(dir)).rejects.toThrow(/names "\.\.\/a\.bin"/);
});

describe('refused', () => {
  test.each([
    ['evil-2.bin', /refused: it refers to (__builtin__|builtins)\.eval, .*nothing in it was executed/],
    ['evil-4.bin', /refused: it refers to builtins\.eval/],
    ['nested.bin', /entry "state_dict" is no tensor; save the model's state_dict by itself/],
    ['opcode.bin', /refused: it holds the opcode 0x8f/],
    ['legacy.bin', /no table of contents/],
  ])('%s', async (file, message) => {
    await expect(readPytorch(`${DIR}/${file}`)).rejects.toMatchObject({
      kind: 'verification',
      message: expect.stringMatching(message),
    });
    expect(existsSync('executed')).toBe(false);
  });

  test('a file cut anywhere', async () => {
    const bytes = await readFile(`${DIR}/tensors.bin`);
    const path = join(folder, 'cut.bin');
    for (let length = 0; length < bytes.length; length += 97) {
      await writeFile(path, bytes.subarray(0, length));
      await expect(readPytorch(path)).rejects.toMatchObject({ kind: 'verification' });
    }
  });

  test('a file with any byte of its pickle changed is read or refused, but never crashes', async () => {
    const bytes = await readFile(`${DIR}/tensors.bin`);
    const start = bytes.indexOf('data.pkl') + 'data.pkl'.length;
    const path = join(folder, 'changed.bin');
    for (let at = start; at < start + 900; at += 7) {
      const changed = Buffer.from(bytes);
      changed[at] ^= 0x15;
      await writeFile(path, changed);
      await readPytorch(path).catch((error: unknown) => expect(error).toMatchObject({ kind: 'verification' }));
    }
  });
});
