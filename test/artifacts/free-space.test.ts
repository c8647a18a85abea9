/** Room on a disk: told before a step begins, with place, amount and what to do. */
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { assertRoom } from '../../artifacts/free-space.js';

const asked = (places: readonly string[], HABSBURG_MIN_FREE?: string) => assertRoom(places, { HABSBURG_MIN_FREE });

test('a folder with less than is asked for is named, as a path or a url', async () => {
  for (const place of [tmpdir(), pathToFileURL(tmpdir()).href])
    await expect(asked([place], '1000000TB')).rejects.toMatchObject({
      kind: 'resources',
      exitCode: 6,
      message: expect.stringMatching(
        new RegExp(`^${tmpdir()} has \\d+ MB free, less than the 1000000TB .*HABSBURG_MIN_FREE.*store gc`),
      ),
    });
});

test('there is room where nothing is asked for, in a bucket, and where nobody can tell', async () => {
  await asked([tmpdir()], '0');
  await asked([tmpdir()], '0.000001MB');
  await asked(['s3://bucket/prefix', '/no/such/folder'], '1000000TB');
});

test.each(['plenty', '10', '-1GB', '1 GB', '1gb'])('%j is no size', async (wanted) => {
  await expect(asked([tmpdir()], wanted)).rejects.toMatchObject({ kind: 'invalid', message: expect.stringContaining(wanted) });
});
