/** Where each point lies. */
import { z } from 'zod';
import { readPoints } from '../kinds/points/host/records.js';
import type { Instrument } from './types.js';

/** `x_0` … : the point's coordinates, a column a dimension. No model looks. */
const instrument: Instrument = {
  version: 1,
  settings: z.strictObject({}),
  async run({ data: folder }) {
    const { count, dimensions, data } = await readPoints(folder);
    const column = (d: number): Float64Array => Float64Array.from({ length: count }, (_, i) => data[i * dimensions + d]);
    return { columns: Object.fromEntries(Array.from({ length: dimensions }, (_, d) => [`x_${d}`, column(d)])) };
  },
};

export default instrument;
