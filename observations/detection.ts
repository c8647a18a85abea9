/** How probable it is that each text was written by a machine. */
import { z } from 'zod';
import { Classifier } from '../engine/encoders/classifier.js';
import { readAllRecords } from '../pool/records.js';
import { isDetector, loadDetector, probabilityOf } from './detector/detector.js';
import { detectorTexts } from './detector/train.js';
import type { Instrument } from './types.js';

/**
 * `p_written` in [0, 1]: by a detector (observations/detector/), where real and written texts are as frequent; or by a sequence classifier
 * of Hugging Face's, what it says of `label`, its logits divided by `temperature`. That reads the text (of a template's record its answer), cut to what it can take.
 */
const instrument: Instrument = {
  version: 1,
  settings: z.strictObject({
    label: z.union([z.string(), z.int()]).optional(),
    temperature: z.number().gt(0).optional(),
  }),
  async run({ data, model, settings }, { threads, device }) {
    if (!(await isDetector(model))) {
      const { label, temperature } = settings as { readonly label: string | number; readonly temperature?: number };
      const texts = (await readAllRecords(data)).map(({ text }) => text);
      return {
        columns: {
          p_written: await (await Classifier.load(model)).probabilities(texts, label, { threads, device }, temperature),
        },
      };
    }
    const detector = await loadDetector(model);
    const texts = await detectorTexts(data);
    return { columns: { p_written: Float64Array.from(texts, (text) => probabilityOf(detector, text)) } };
  },
};

export default instrument;
