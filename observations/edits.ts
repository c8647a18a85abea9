/** What each text becomes where a language model draws tokens anew that it expected. */
import { z } from 'zod';
import { CounterRng } from '../common/philox.js';
import { endTokensOf } from '../data/template.js';
import { redrawConfident } from '../engine/confident.js';
import { loadCheckpoint } from '../engine/index.js';
import { readRows } from '../kinds/text/host/texts.js';
import { readAllRecords } from '../pool/records.js';
import type { Instrument } from './types.js';

const draw = z.strictObject({
  seed: z.int(),
  generation: z.int(),
  member: z.string(),
  from: z.int(),
  split: z.enum(['valid', 'test']).optional(),
});

/**
 * `edited`: the ids of the text (of a template's record its answer) as a JSON array, in which those whose probability given the ids before
 * is at least `above` (0.99) are drawn anew from the model's distribution there; end tokens stay, and none is drawn.
 */
const instrument: Instrument = {
  version: 1,
  settings: z.strictObject({ above: z.number().gt(0).lt(1).optional(), draw: draw.optional() }),
  async run({ data, model: folder, settings }, { threads, device }) {
    const { above = 0.99, draw: lots } = settings as { readonly above?: number; readonly draw?: z.output<typeof draw> };
    if (!lots) throw new Error('internal: edits are drawn, and nobody says by which lots');
    const { from, split, ...who } = lots;
    const rng = new CounterRng({ ...who, step: split ? `edits/${split}` : 'edits', purpose: String(from) });
    const model = await loadCheckpoint(folder, { frozen: true, device });
    const rows = await redrawConfident({
      model,
      ...(await readRows(data, 'answer')),
      threads,
      device,
      above,
      banned: endTokensOf(model.config.json),
      draw: (row, place) => rng.uniform(row, place),
    });
    const prompts = (await readAllRecords(data)).map(({ prompt }) => prompt?.tokens ?? 0);
    return { columns: {}, texts: { edited: rows.map((row, i) => JSON.stringify(Array.from(row.subarray(prompts[i])))) } };
  },
};

export default instrument;
