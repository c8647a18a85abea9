/** A row a point, in the order of the dataset. */
import { expect, test } from '@jest/globals';
import { writePoints } from '../../kinds/points/host/records.js';
import coordinates from '../../observations/coordinates.js';
import { temporaryFolder } from '../support/servers.js';

test('is what the dataset holds', async () => {
  const folder = temporaryFolder();
  const points = [[1, -2.5], [0.1, 1e-300], [3, 4]]; // prettier-ignore
  await writePoints(
    folder.path,
    points.map((point, i) => ({ id: `r/${i}`, origin: { kind: 'real', source: 's' }, point })),
  );
  const { columns } = await coordinates.run({ data: folder.path, model: '', settings: {} }, { threads: 1 });
  folder.remove();
  expect(Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, [...values]]))).toEqual({
    x_0: [1, 0.1, 3],
    x_1: [-2.5, 1e-300, 4],
  });
});
