/** Training a detector, for a thread of its own. */
import { CounterRng, type RngKey } from '../../common/philox.js';
import { readAllRecords } from '../../pool/records.js';
import { fitDetector, saveDetector, type DetectorText } from './detector.js';
import type { HeldOut } from './held-out.js';

/** Everything can be cloned, so that it can go to a thread. */
export interface DetectorJob {
  /** folders of texts in one tokenizer's tokens */
  readonly real: string;
  readonly written: string;
  /** of each kind so many at most, by lot */
  readonly most: number;
  readonly rng: RngKey;
  /** where its files go */
  readonly out: string;
}

export async function trainDetector({ real, written, most, rng: key, out }: DetectorJob): Promise<HeldOut> {
  const rng = new CounterRng(key);
  const some = async (folder: string, name: string) => drawn(await detectorTexts(folder), most, rng.derive(name));
  const { detector, report } = fitDetector(await some(real, 'real'), await some(written, 'written'), rng);
  await saveDetector(out, detector);
  return report;
}

/** What a detector sees of a set's texts: of a template's record the answer alone. */
export async function detectorTexts(folder: string): Promise<DetectorText[]> {
  const records = await readAllRecords(folder);
  return records.map(({ id, tokens, prompt }) => ({ id, tokens: prompt === undefined ? tokens : tokens.slice(prompt.tokens) }));
}

function drawn(texts: readonly DetectorText[], most: number, rng: CounterRng): readonly DetectorText[] {
  if (texts.length <= most) return texts;
  return Array.from(rng.permutation(texts.length).subarray(0, most).sort(), (i) => texts[i]);
}
