/** score: measures what a model is and what it wrote. Outputs `scores`: values, histograms and sample texts in one document. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { computeMetrics, metricOf, needsOf } from '../metrics/index.js';
import type { ScoresDocument } from '../spec/results.js';
import { SCORES_FILE, SCORES_SCHEMA } from '../spec/results.js';
import { imagesToScore } from './score-images.js';
import { textsToScore } from './score-texts.js';
import { runStep } from './step.js';
import type { ActivityDependencies, ScoreInput, StepResult } from './types.js';

const VERSION = 1;

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
        const needs = new Set(needsOf(input));
        const { scoring, ...examples } =
          input.family === 'vae' ? await imagesToScore(step, input, needs) : await textsToScore(step, input, needs);
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
          ...examples,
        };
        const out = await step.folder('scores');
        await writeFile(join(out, SCORES_FILE), `${JSON.stringify(document, null, 1)}\n`);
        return { outputs: { scores: { kind: 'scores', folder: out } }, report: { values: document.values.length } };
      },
    );
  };
}
