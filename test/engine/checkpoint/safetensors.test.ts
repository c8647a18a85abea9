/** Reading and writing safetensors; every damaged or hostile file is refused by name and with the right kind of error. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ErrorKind } from '../../../common/errors.js';
import { readSafetensors, writeSafetensors } from '../../../engine/checkpoint/safetensors.js';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'safetensors-'))));
afterAll(() => rm(folder, { recursive: true }));

function file(header: string, data: Uint8Array = new Uint8Array(0), headerLength = Buffer.byteLength(header)): Buffer {
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(headerLength));
  return Buffer.concat([prefix, Buffer.from(header), data]);
}
const f32 = (offsets: number[], shape: unknown = [1], dtype = 'F32'): string =>
  JSON.stringify({ dtype, shape, data_offsets: offsets });
const bytes = (n: number): Uint8Array => new Uint8Array(n);

describe('hostile files', () => {
  const cases: [string, Buffer, ErrorKind, RegExp][] = [
    ['empty', Buffer.alloc(0), 'verification', /0 bytes/],
    ['shorter than its length field', Buffer.alloc(5), 'verification', /5 bytes/],
    ['header longer than the file', file('{}', bytes(0), 1000), 'verification', /only 2 follow/],
    ['header beyond the limit', file('{}', bytes(0), 100_000_001), 'verification', /limit of 100000000/],
    ['header of 2^63 bytes', Buffer.from('0000000000000080' + '7b7d', 'hex'), 'verification', /limit/],
    ['header is not JSON', file('{"a":'), 'verification', /not valid JSON/],
    ['header is not UTF-8', Buffer.concat([file('').fill(2, 0, 1), Buffer.from([0xff, 0xfe])]), 'verification', /not valid JSON/],
    ['header is an array', file('[]'), 'verification', /not an object/],
    ['something after the header', file('{} x'), 'verification', /not valid JSON/],
    ['nested very deep', file(`{"a":${'['.repeat(100_000)}`), 'verification', /nested too deep/],
    ['a name twice', file(`{"a":${f32([0, 4])},"a":${f32([4, 8])}}`, bytes(8)), 'verification', /"a" occurs twice/],
    ['a name twice, escaped', file(`{"a":${f32([0, 4])},"\\u0061":${f32([4, 8])}}`, bytes(8)), 'verification', /occurs twice/],
    ['truncated data', file(`{"a":${f32([0, 8], [2])}}`, bytes(7)), 'verification', /beyond the end/],
    ['overlap', file(`{"a":${f32([0, 8], [2])},"b":${f32([4, 12], [2])}}`, bytes(12)), 'verification', /"b" overlaps/],
    ['two tensors on one place', file(`{"a":${f32([0, 4])},"b":${f32([0, 4])}}`, bytes(4)), 'verification', /overlaps/],
    ['hole', file(`{"a":${f32([0, 4])},"b":${f32([8, 12])}}`, bytes(12)), 'verification', /hole of 4 bytes before tensor "b"/],
    ['hole at the start', file(`{"a":${f32([4, 8])}}`, bytes(8)), 'verification', /hole/],
    ['bytes left over', file(`{"a":${f32([0, 4])}}`, bytes(9)), 'verification', /5 bytes after the last tensor/],
    [
      'offsets that do not fit the shape',
      file(`{"a":${f32([0, 4], [3])}}`, bytes(4)),
      'verification',
      /needs 12 bytes, its offsets span 4/,
    ],
    ['offsets backwards', file(`{"a":${f32([4, 0])}}`, bytes(4)), 'verification', /offsets span -4/],
    ['negative offset', file(`{"a":${f32([-4, 0])}}`, bytes(4)), 'verification', /data_offsets/],
    ['fractional size', file(`{"a":${f32([0, 4], [0.5, 2])}}`, bytes(4)), 'verification', /shape/],
    ['negative size', file(`{"a":${f32([0, 4], [-1, -1])}}`, bytes(4)), 'verification', /shape/],
    ['a size that overflows', file(`{"a":${f32([0, 4], [2 ** 40, 2 ** 40])}}`, bytes(4)), 'verification', /needs/],
    ['huge claim', file(`{"a":${f32([0, 2 ** 42], [2 ** 40])}}`, bytes(4)), 'verification', /beyond the end/],
    ['unknown dtype', file(`{"a":${f32([0, 4], [1], 'F31')}}`, bytes(4)), 'verification', /unknown dtype "F31"/],
    ['dtype from the prototype', file(`{"a":${f32([0, 4], [1], 'constructor')}}`, bytes(4)), 'verification', /unknown dtype/],
    ['entry is a number', file('{"a":3}'), 'verification', /"a" is not an object/],
    [
      'integers as weights',
      file(`{"a":${f32([0, 8], [1], 'I64')}}`, bytes(8)),
      'invalid',
      /"a" is I64; only F32, F16, BF16 and F64/,
    ],
  ];
  test.each(cases)('%s', async (name, content, kind, message) => {
    const path = join(folder, `${name.replace(/\W/g, '-')}.safetensors`);
    await writeFile(path, content);
    const error: unknown = await readSafetensors(path).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'HabsburgError', kind, message: expect.stringMatching(message) });
    expect((error as Error).message).toContain(path);
  });

  test('every truncation of a good file is refused', async () => {
    const good = file(`{"a":${f32([0, 4])},"b":${f32([4, 12], [2])}}`, bytes(12));
    const path = join(folder, 'cut.safetensors');
    for (let length = 0; length < good.length; length++) {
      await writeFile(path, good.subarray(0, length));
      await expect(readSafetensors(path)).rejects.toMatchObject({ kind: 'verification' });
    }
  });

  test('a missing file', async () => {
    await expect(readSafetensors(join(folder, 'none'))).rejects.toMatchObject({ kind: 'notFound' });
  });
});

describe('numbers', () => {
  test('half precisions and float64 are converted', async () => {
    const halves = [0x3c00, 0xbc00, 0x7bff, 0x0001, 0x03ff, 0x0400, 0x8000, 0x7c00, 0x3555];
    const brains = [0x3f80, 0xc000, 0x0001, 0x7f80];
    const data = Buffer.concat([Buffer.from(Uint16Array.from(halves).buffer), Buffer.from(Uint16Array.from(brains).buffer), Buffer.from(Float64Array.of(0.1, -2).buffer)]); // prettier-ignore
    const header = `{"h":${f32([0, 18], [9], 'F16')},"b":${f32([18, 26], [2, 2], 'BF16')},"d":${f32([26, 42], [2], 'F64')},"none":${f32([42, 42], [0])}}`;
    const path = join(folder, 'dtypes.safetensors');
    await writeFile(path, file(header, data));
    const read = await readSafetensors(path);
    // The values are IEEE 754's own: largest half 65504, smallest 2^-24, largest subnormal 1023·2^-24, smallest normal 2^-14.
    expect([...read.get('h')!.data]).toEqual([1, -1, 65504, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, -0, Infinity, 0.333251953125]);
    expect([...read.get('b')!.data]).toEqual([1, -2, 2 ** -133, Infinity]);
    expect(read.get('b')!.shape).toEqual([2, 2]);
    expect([...read.get('d')!.data]).toEqual([Math.fround(0.1), -2]);
    expect(read.get('none')!.data.length).toBe(0);
  });

  test('what transformers wrote is written again byte for byte but for the order of the metadata', async () => {
    const source = 'test/golden/lm/opt-odd-gelu/model.safetensors';
    const weights = await readSafetensors(source);
    const copy = join(folder, 'copy.safetensors');
    await writeSafetensors(copy, new Map([...weights].reverse()));
    const again = await readSafetensors(copy);
    expect([...again.keys()].sort()).toEqual([...weights.keys()].sort());
    for (const [name, { shape, data }] of weights) {
      expect(again.get(name)!.shape).toEqual(shape);
      expect(Buffer.compare(Buffer.from(again.get(name)!.data.buffer), Buffer.from(data.buffer))).toBe(0);
    }
    const bytesWritten = await readFile(copy);
    expect(Number(bytesWritten.readBigUInt64LE()) % 8).toBe(0);
    await writeSafetensors(join(folder, 'copy2.safetensors'), weights);
    expect(Buffer.compare(bytesWritten, await readFile(join(folder, 'copy2.safetensors')))).toBe(0);
  });

  test('names may be anything JSON can say', async () => {
    const path = join(folder, 'names.safetensors');
    const names = ['__proto__', 'constructor', 'ü "quoted" \\ \u0001'];
    await writeSafetensors(path, new Map(names.map((name, i) => [name, { shape: [1], data: Float32Array.of(i) }])));
    const read = await readSafetensors(path);
    names.forEach((name, i) => expect([...read.get(name)!.data]).toEqual([i]));
  });
});
