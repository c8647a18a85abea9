/** Draws the real points. They are made, not read: the plan says all of them. */
import { CounterRng } from '../../../common/philox.js';
import type { PreparedSet, Preparing } from '../../host/preparing.js';
import type { PointDataPlan } from '../plan.js';
import { writePoints, type PointRecord } from './records.js';

const SPLITS = ['train', 'valid', 'test'] as const;

export const preparing: Preparing<PointDataPlan> = {
  version: 1,
  open: (data) =>
    Promise.resolve({
      parameters: { points: data },
      origins: {},
      async write(folderOf) {
        const { dimensions, mean, sigma, seed } = data;
        const source = `normal:${dimensions}:${mean}:${sigma}:seed-${seed}`;
        const outputs: Partial<Record<(typeof SPLITS)[number], PreparedSet>> = {};
        for (const split of SPLITS) {
          const rng = new CounterRng({ seed, generation: 0, member: '', step: 'prepare', purpose: split });
          const folder = await folderOf(split);
          const records = Array.from({ length: data.records[split] }, (_, i): PointRecord => ({
            id: `${split}/${String(i).padStart(6, '0')}`,
            origin: { kind: 'real', source },
            point: Array.from({ length: dimensions }, (_d, d) => mean + sigma * rng.normal(i, d)),
          }));
          outputs[split] = { kind: 'dataset', folder, facts: { records: await writePoints(folder, records), source } };
        }
        return { outputs: outputs as Record<(typeof SPLITS)[number], PreparedSet>, report: { ...data.records } };
      },
    }),
};
