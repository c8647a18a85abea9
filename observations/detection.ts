/** How probable it is that each text was written by a machine. */
import { z } from 'zod';
import { loadDetector, probabilityOf } from './detector/detector.js';
import { detectorTexts } from './detector/train.js';
import type { Instrument } from './types.js';

/** `p_written`: by a detector (observations/detector/), where real and written texts are as frequent, in [0, 1]. */
const instrument: Instrument = {
  version: 1,
  settings: z.strictObject({}),
  async run({ data, model }) {
    const detector = await loadDetector(model);
    const texts = await detectorTexts(data);
    return { columns: { p_written: Float64Array.from(texts, (text) => probabilityOf(detector, text)) } };
  },
};

export default instrument;
