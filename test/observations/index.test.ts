import { readdir } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { OBSERVATIONS, instrumentOf } from '../../observations/index.js';

const OTHERS = ['index.ts', 'observe.ts', 'types.ts'];

test('every row has its file and every file its row', async () => {
  const files = (await readdir('observations'))
    .filter((file) => file.endsWith('.ts') && !OTHERS.includes(file))
    .map((file) => file.slice(0, -3));
  expect(files.sort()).toEqual(Object.keys(OBSERVATIONS).sort());
  for (const name of files) {
    const { version, settings } = await instrumentOf(name);
    expect([version >= 1, settings.parse({})]).toEqual([true, {}]);
  }
  await expect(instrumentOf('likelihod')).rejects.toThrow('this version has no observation likelihod; it has likelihood,');
  await expect(instrumentOf('toString')).rejects.toThrow('this version has no observation toString');
});
