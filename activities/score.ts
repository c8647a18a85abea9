/** score: measures what a model is and what it wrote. Outputs `scores`: values, histograms and sample texts in one document. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HabsburgError } from '../common/errors.js';
import type { DataRecord } from '../data/records.js';
import { readAllRecords } from '../data/records.js';
import { computeMetrics, metricOf, needsOf } from '../metrics/index.js';
import type { Likelihood, ScoringInput, Truth } from '../metrics/types.js';
import type { Sample, ScoresDocument } from '../spec/results.js';
import { SCORES_FILE, SCORES_SCHEMA } from '../spec/results.js';
import type { StepContext } from './step.js';
import { TRUTH_FILE } from './prepare.js';
import { runStep } from './step.js';
import type { ActivityDependencies, ScoreInput, StepResult } from './types.js';

const VERSION = 1;
/** sample texts kept for the report */
const SAMPLES = 8;

export function scoreActivity(deps: ActivityDependencies) {
  return (input: ScoreInput): Promise<StepResult> => {
    const { place, model, generated, real, test, first, truth, prompts } = input;
    return runStep(
      deps,
      {
        step: 'score',
        version: VERSION,
        place,
        inputs: { model, generated, real, test, first, prompts, ...(truth ? { truth } : {}) },
        parameters: {
          family: input.family,
          metrics: input.metrics,
          versions: input.metrics.map((metric) => metricOf(metric).version),
          ...(input.lossOn ? { lossOn: input.lossOn } : {}),
        },
        engine: true,
      },
      async (step) => {
        const written = await readAllRecords(await step.input(generated));
        const continued = await readAllRecords(await step.input(prompts));
        const needs = new Set(needsOf(input));
        if (needs.has('truth') && !truth) {
          throw new HabsburgError(
            'invalid',
            'a metric compares with the true distribution, which only grammar: data has; remove kl-to-truth and tail-lost from metrics',
          );
        }
        const scoring: ScoringInput = {
          generated: columns(written),
          real: columns(await readAllRecords(await step.input(real))),
          testUnderSelf: needs.has('testUnderSelf')
            ? await likelihoods(step, input, await step.input(model), await step.input(test), 'test')
            : undefined,
          generatedUnderFirst: needs.has('generatedUnderFirst')
            ? await likelihoods(step, input, await step.input(first), await step.input(generated), 'generated')
            : undefined,
          truth:
            truth && needs.has('truth')
              ? (JSON.parse(await readFile(join(await step.input(truth), TRUTH_FILE), 'utf8')) as Truth)
              : undefined,
        };
        const measured = input.metrics.map((metric) => ({
          ...computeMetrics({ metrics: [metric] }, scoring),
          subject: metricOf(metric).subject === 'model' ? model : generated,
        }));
        const document: ScoresDocument = {
          schema: SCORES_SCHEMA,
          values: measured.flatMap(({ values, subject }) =>
            values.map((value) => ({ ...value, settings: { ...value.settings }, subject: subject.digest })),
          ),
          histograms: measured.flatMap(({ series }) =>
            series.map(({ metric, edges, counts, below, above, n }) => ({
              name: metric,
              edges: [...edges],
              counts: [...counts],
              below,
              above,
              n,
            })),
          ),
          samples: samplesOf(written, continued),
        };
        const out = await step.folder('scores');
        await writeFile(join(out, SCORES_FILE), `${JSON.stringify(document, null, 1)}\n`);
        return { outputs: { scores: { kind: 'scores', folder: out } }, report: { values: document.values.length } };
      },
    );
  };
}

/** Negative log likelihood of every record of `data` under `model`, computed by the engine. */
async function likelihoods(
  step: StepContext,
  { family, lossOn }: ScoreInput,
  model: string,
  data: string,
  name: string,
): Promise<Likelihood[]> {
  const out = await step.folder(`likelihoods-${name}`);
  await step.run({ op: 'logProbability', family, model, data, out, ...(lossOn ? { lossOn } : {}) });
  return (JSON.parse(await readFile(join(out, 'likelihoods.json'), 'utf8')) as { rows: Likelihood[] }).rows;
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
    prompt: origin.kind === 'generated' ? (byId.get(origin.prompt) ?? '') : '',
  }));
}
