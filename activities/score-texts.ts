/** What a score step hands to the metrics of texts: tokens, likelihoods from the engine, the truth; and sample texts. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HabsburgError } from '../common/errors.js';
import type { DataRecord } from '../pool/records.js';
import { readAllRecords } from '../pool/records.js';
import { LIKELIHOODS_FILE } from '../families/language-model.js';
import type { Likelihood, ScoringInput, ScoringNeed, Truth } from '../metrics/types.js';
import type { Sample } from '../spec/results.js';
import { TRUTH_FILE } from './prepare.js';
import { recordsOf } from './sets.js';
import type { StepContext } from './step.js';
import type { ScoreInput } from './types.js';

/** sample texts kept for the report */
const SAMPLES = 8;

export async function textsToScore(
  step: StepContext,
  input: ScoreInput,
  needs: ReadonlySet<ScoringNeed>,
): Promise<{ scoring: ScoringInput; samples: Sample[] }> {
  const { model, generated, real, test, first, truth, prompts } = input;
  const written = await readAllRecords(await step.input(generated));
  const continued = await readAllRecords(await recordsOf(step, prompts));
  if (needs.has('truth') && !truth) {
    throw new HabsburgError(
      'invalid',
      'a metric compares with the true distribution, which only grammar: data has; remove kl-to-truth and tail-lost from metrics',
    );
  }
  const likelihoods = async (under: typeof model, data: typeof test, name: string): Promise<Likelihood[]> => {
    const out = await step.folder(`likelihoods-${name}`);
    await step.run({
      op: 'logProbability',
      family: input.family,
      model: await step.input(under),
      data: await step.input(data),
      out,
      ...(input.lossOn ? { lossOn: input.lossOn } : {}),
    });
    return (JSON.parse(await readFile(join(out, LIKELIHOODS_FILE), 'utf8')) as { rows: Likelihood[] }).rows;
  };
  return {
    scoring: {
      generated: columns(written),
      real: columns(await readAllRecords(await step.input(real))),
      testUnderSelf: needs.has('testUnderSelf') ? await likelihoods(model, test, 'test') : undefined,
      generatedUnderFirst: needs.has('generatedUnderFirst') ? await likelihoods(first, generated, 'generated') : undefined,
      truth:
        truth && needs.has('truth')
          ? (JSON.parse(await readFile(join(await step.input(truth), TRUTH_FILE), 'utf8')) as Truth)
          : undefined,
    },
    samples: samplesOf(written, continued),
  };
}

function columns(records: readonly DataRecord[]): ScoringInput['generated'] {
  return {
    tokens: records.map(({ tokens, prompt }) => (prompt === undefined ? tokens : tokens.slice(prompt.tokens))),
    texts: records.map((record) => record.text),
  };
}

/** The same positions in every generation, so that one prompt can be followed through all of them. */
function samplesOf(written: readonly DataRecord[], prompts: readonly DataRecord[]): Sample[] {
  const byId = new Map(prompts.map((record) => [record.id, record.prompt?.text ?? record.text]));
  return written.slice(0, SAMPLES).map(({ id, text, origin }) => ({
    record: id,
    text,
    prompt: origin.kind === 'generated' ? (byId.get(origin.prompt ?? '') ?? '') : '',
  }));
}
