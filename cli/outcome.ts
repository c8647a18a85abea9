/** What `run` prints at the end: the table, one prompt continued by every generation, and where to look further. */
import { join } from 'node:path';
import { openArtifactStore } from '../artifacts/open.js';
import { findings } from '../report/finding.js';
import { checkedLaws, renderLaws } from '../report/laws.js';
import { readResults } from '../report/rows.js';
import { continuations } from '../report/samples.js';
import { summarise } from '../report/summary.js';
import { renderContinuations, renderTable } from '../report/terminal.js';
import { wrap } from '../report/text.js';
import type { AnyExperimentPlan } from '../spec/plan.js';
import { writeReport } from './commands/report.js';
import type { HabsburgError } from '../common/errors.js';
import { envelopeOfError, markTold, printJson } from './output.js';
import type { ExperimentSnapshot } from './snapshot.js';
import { counted } from './words.js';

export interface OutcomeOptions {
  readonly store: string;
  readonly json?: boolean;
  readonly ui?: string;
  readonly home: string;
  /** what the experiment ended with, where it is not done */
  readonly failure?: HabsburgError;
}

/** @param given the plan that was started; results are about it, up to the generation that it was extended to, and no other */
export async function showOutcome(end: ExperimentSnapshot, given: AnyExperimentPlan, options: OutcomeOptions): Promise<void> {
  const plan = { ...given, generations: Math.max(given.generations, end.result?.generations ?? 0) };
  const store = openArtifactStore(options.store);
  const results = await readResults(store, end.experiment, { plan });
  const report = await writeReport(results, join(options.home, 'reports', `${end.experiment}.html`));
  if (options.json) {
    printJson('run', {
      experiment: end.experiment,
      status: end.status,
      result: end.result,
      store: options.store,
      plan: results.planDigest,
      notes: results.notes,
      report,
      rows: results.rows,
      ...(options.failure ? envelopeOfError(options.failure) : {}),
    });
    if (options.failure) markTold(options.failure);
    return;
  }
  const width = process.stdout.columns ?? 120;
  const [texts] = continuations(results);
  const summary = summarise(results);
  process.stdout.write(`\n${renderTable(summary, { width, headline: true })}\n`);
  const laws = renderLaws(checkedLaws(results, summary), width);
  if (laws) process.stdout.write(`${laws}\n`);
  if (texts) process.stdout.write(`${renderContinuations(texts, width)}\n`);
  const { headline, sentences } = findings(summary);
  process.stdout.write(`${[headline, ...sentences].flatMap((sentence) => wrap(sentence, width)).join('\n')}\n\n`);
  const steps = end.result?.steps;
  const lines = [
    ...results.notes,
    steps &&
      (steps.computed === 0 && end.result?.failed === 0
        ? `Everything was done already: no step computed, ${steps.reused} reused.`
        : `${counted(steps.computed, 'step')} computed, ${steps.reused.toLocaleString('en')} reused.`),
    `Report:      ${report}`,
    `Artifacts:   ${options.store}`,
    `All scores:  habsburg results ${end.experiment} --format csv`,
    options.ui && `Temporal UI: habsburg dev, then ${options.ui}/namespaces/default/workflows`,
  ];
  process.stdout.write(`${lines.filter(Boolean).join('\n')}\n`);
}
