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

test.each([
  ['tensors', 'tensors'],
  ['module', 'module'],
  ['legacy', 'tensors'],
])('%s: every float tensor, bit for bit', async (name, written) => {
  const expected = await readSafetensors(`${DIR}/${written}.safetensors`);
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
  ])('%s', async (file, message) => {
    await expect(readPytorch(`${DIR}/${file}`)).rejects.toMatchObject({
      kind: 'verification',
      message: expect.stringMatching(message),
    });
    expect(existsSync('executed')).toBe(false);
  });

  test.each(['tensors', 'legacy'])('%s cut anywhere', async (name) => {
    const bytes = await readFile(`${DIR}/${name}.bin`);
    const path = join(folder, 'cut.bin');
    for (let length = 0; length < bytes.length; length += 97) {
      await writeFile(path, bytes.subarray(0, length));
      await expect(readPytorch(path)).rejects.toMatchObject({ kind: 'verification' });
    }
  });

  test.each([
    ['tensors', 'data.pkl'],
    ['legacy', 'collections'],
  ])('%s with any byte of its pickle changed is read or refused, but never crashes', async (name, before) => {
    const bytes = await readFile(`${DIR}/${name}.bin`);
    const start = bytes.indexOf(before) + before.length;
    const path = join(folder, 'changed.bin');
    for (let at = start; at < start + 900; at += 7) {
      const changed = Buffer.from(bytes);
      changed[at] ^= 0x15;
      await writeFile(path, changed);
      await readPytorch(path).catch((error: unknown) => expect(error).toMatchObject({ kind: 'verification' }));
    }
  });

  const text = (value: string): Buffer => Buffer.concat([Buffer.from([0x8c, value.length]), Buffer.from(value)]);
  const number = (value: number): Buffer => {
    const bytes = Buffer.from([0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.writeBigInt64LE(BigInt(value), 2);
    return bytes;
  };
  /** A state_dict of one tensor. */
  const tensor = (offset: number, size: number, stride: number): Buffer =>
    Buffer.concat([
      Buffer.from('\x80\x02}(', 'latin1'), text('w'), Buffer.from('ctorch._utils\n_rebuild_tensor_v2\n(('), text('storage'),
      Buffer.from('ctorch\nFloatStorage\n'), text('0'), text('cpu'), number(1), Buffer.from('tQ'), number(offset),
      number(size), Buffer.from([0x85]), number(stride), Buffer.from([0x85]), Buffer.from('\x89)tRu.', 'latin1'),
    ]); // prettier-ignore
  /** A tuple of a tuple twice, so many deep: small, and of more parts than can be counted. */
  const doubling = (levels: number): Buffer[] =>
    Array.from({ length: levels }, (_, i) => Buffer.from([0x68, i, 0x68, i, 0x86, 0x71, i + 1]));
  const doubled = (levels: number): Buffer[] => [text('abcdefgh'), Buffer.from([0x71, 0]), ...doubling(levels)];

  test.each([
    ['a tensor of 2^30 numbers over one', tensor(0, 2 ** 30, 0), /w reaches beyond its storage/],
    ['a tensor that begins behind its storage', tensor(2 ** 52, 1, 1), /w reaches beyond its storage/],
    ['a stride beyond all numbers', tensor(0, 2, 2 ** 53 - 1), /w reaches beyond its storage/],
    [
      'a name of 2^60 words',
      Buffer.concat([...doubled(60), text('x'), Buffer.from([0x93, 0x2e])]),
      /names something by what is no text/,
    ],
    ['a key of 2^60 words', Buffer.concat([...doubled(60), Buffer.from('}h\x3cNs.')]), /an entry whose name is no text/],
    ['400,000 items at once', Buffer.from(`](${'N'.repeat(400_000)}e.`), /it is no dict/],
  ])('%s: at once, and in little memory', async (_, pickle, message) => {
    const path = join(folder, 'hostile.bin');
    await writeFile(path, storedZip({ 'archive/data.pkl': pickle, 'archive/data/0': Buffer.alloc(4) }));
    const began = performance.now();
    await expect(readPytorch(path)).rejects.toMatchObject({ kind: 'verification', message: expect.stringMatching(message) });
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

/** A ZIP archive of entries that are not compressed. */
function storedZip(files: Readonly<Record<string, Buffer>>): Buffer {
  const parts: Buffer[] = [];
  const table: Buffer[] = [];
  let at = 0;
  for (const [name, content] of Object.entries(files)) {
    const fields = Buffer.alloc(26); // version … extra length, as both headers have them
    fields.writeUInt32LE(content.length, 14);
    fields.writeUInt32LE(content.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, Buffer.from(name), content]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(at, 10);
    table.push(Buffer.concat([Buffer.from('PK\x01\x02\0\0', 'latin1'), fields, rest, Buffer.from(name)]));
    parts.push(local);
    at += local.length;
  }
  const directory = Buffer.concat(table);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, directory, end]);
}
