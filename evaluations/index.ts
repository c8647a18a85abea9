/** The evaluations by name, and what a score step calls. Adding one: a file beside this and a row here. */
import { HabsburgError } from '../common/errors.js';
import { bleus } from './bleu.js';
import { chrf } from './chrf.js';
import { compressionRatio } from './compression-ratio.js';
import { coverage } from './coverage.js';
import { dSynGuo, dSynGuoEncoder, dSynStein, dSynSteinEncoder } from './d-syn.js';
import { distinct1, distinct2, distinct3 } from './distinct.js';
import { distinctBlocks } from './distinct-blocks.js';
import { diversity } from './diversity.js';
import { elbo } from './elbo.js';
import { energyDistance } from './energy-distance.js';
import { fleschs } from './flesch.js';
import { frechet } from './frechet.js';
import { hdD } from './hd-d.js';
import { heaps } from './heaps.js';
import { klToTruth } from './kl-to-truth.js';
import { latentCovariance } from './latent-covariance.js';
import { latentMean } from './latent-mean.js';
import { latentStd } from './latent-std.js';
import { likelihoodShifts } from './likelihood-shift.js';
import { mattr } from './mattr.js';
import { mauve } from './mauve.js';
import { mixedPerplexities } from './mixed-perplexity.js';
import { mmd } from './mmd.js';
import { mtlds } from './mtld.js';
import { nextToken } from './next-token.js';
import { perplexity } from './perplexity.js';
import { perplexityMasked, perplexityOfWindows, perplexityUnmasked } from './perplexity-contexts.js';
import { perplexityOfBatches, perplexityOfRecords } from './perplexities.js';
import { pictures } from './pictures.js';
import { precisionRecall } from './precision-recall.js';
import { prosody } from './prosody.js';
import { lengthDistance, wordDivergence } from './real-distance.js';
import { rep } from './rep.js';
import { f1, rouge } from './rouge.js';
import { samples } from './samples.js';
import { selfBleus } from './self-bleu.js';
import { semanticDiversities } from './semantic-diversity.js';
import { sequencePerplexity } from './sequence-perplexity.js';
import { tailLost } from './tail-lost.js';
import { ttrs } from './ttr.js';
import type { Evaluation, ScoreValue } from './types.js';
import { gini, hapax, tokenEntropy, vocabulary } from './vocabulary.js';
import { watermark } from './watermark.js';
import { wordTail } from './word-tail.js';
import { yuleK } from './yule-k.js';
import { zipf } from './zipf.js';
import { spread } from './spread.js';
import { survival } from './survival.js';

/** Every metric that an experiment may name, in the order of tables; of several variants of one name the first is meant where none is said. */
export const evaluations: readonly Evaluation[] = [
  perplexity,
  perplexityOfBatches,
  perplexityOfRecords,
  ...mixedPerplexities,
  perplexityOfWindows,
  perplexityMasked,
  perplexityUnmasked,
  sequencePerplexity,
  nextToken,
  ...likelihoodShifts,
  distinct1,
  distinct2,
  distinct3,
  coverage,
  rep,
  yuleK,
  distinctBlocks,
  tailLost,
  klToTruth,
  ...selfBleus,
  dSynStein,
  dSynGuo,
  dSynSteinEncoder,
  dSynGuoEncoder,
  ...ttrs,
  vocabulary,
  hapax,
  mattr,
  ...mtlds,
  hdD,
  heaps,
  zipf,
  tokenEntropy,
  gini,
  diversity,
  compressionRatio,
  wordTail,
  survival,
  watermark,
  wordDivergence,
  lengthDistance,
  ...fleschs,
  prosody,
  ...semanticDiversities,
  mauve,
  frechet,
  mmd,
  energyDistance,
  precisionRecall,
  ...bleus,
  chrf,
  rouge,
  f1,
  latentStd,
  latentMean,
  latentCovariance,
  elbo,
  spread,
];

/** What the report shows of every generation, whether asked for or not. */
export const examples: readonly Evaluation[] = [samples, pictures];

const byName = new Map<string, Evaluation>();
for (const evaluation of [...evaluations, ...examples]) {
  const key = `${evaluation.name} ${evaluation.variant}`;
  if (byName.has(key)) throw new Error(`internal: two evaluations are called ${key}`);
  byName.set(key, evaluation);
}

/** Whether a short table shows this value. */
export function isHeadline({ metric, variant }: Pick<ScoreValue, 'metric' | 'variant'>): boolean {
  return evaluations.some(({ name, headline }) => name === metric && headline?.includes(variant));
}

/** @throws HabsburgError 'invalid' where this version has none of that name and variant */
export function evaluationOf(plan: { readonly name: string; readonly variant: string }): Evaluation {
  const evaluation = byName.get(`${plan.name} ${plan.variant}`);
  if (evaluation === undefined) {
    throw new HabsburgError(
      'invalid',
      `this version has no metric ${plan.name} (${plan.variant}); habsburg metrics lists what it has`,
    );
  }
  return evaluation;
}
