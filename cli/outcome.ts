/** What `run` prints at the end: the table, one prompt continued by every generation, and where to look further. */
import { join } from 'node:path';
import { openArtifactStore } from '../artifacts/open.js';
import { judgeClaims } from '../report/claims.js';
import { renderClaims } from '../report/claims-text.js';
import { jsonDocument } from '../report/export.js';
import { findings } from '../report/finding.js';
import { honestBands, renderHonest } from '../report/honest.js';
import { checkedLaws, renderLaws } from '../report/laws.js';
import { readResults } from '../report/rows.js';
import { continuations } from '../report/samples.js';
import { summarise } from '../report/summary.js';
import { renderContinuations, renderTable } from '../report/terminal.js';
import { wrap } from '../report/text.js';
import type { ExperimentPlan } from '../spec/plan.js';
import { writeReport } from './commands/report.js';
import type { HabsburgError } from '../common/errors.js';
import { envelope, envelopeOfError, markTold } from './output.js';
import { printLines } from './print-lines.js';
import type { ExperimentSnapshot } from './snapshot.js';
import { counted } from './words.js';

export interface OutcomeOptions {
  readonly store: string;
  readonly json?: boolean;
  readonly ui?: string;
  readonly home: string;
  /** what the experiment ended with, where it is not done */
  readonly failure?: HabsburgError;
  /** ends it between two steps */
  readonly signal?: AbortSignal;
}

/** @param given the plan that was started; results are about it, up to the generation that it was extended to, and no other */
export async function showOutcome(end: ExperimentSnapshot, given: ExperimentPlan, options: OutcomeOptions): Promise<void> {
  const plan = { ...given, generations: Math.max(given.generations, end.result?.generations ?? 0) };
  const store = openArtifactStore(options.store);
  const { signal } = options;
  const results = await readResults(store, end.experiment, { plan }, signal);
  await turn(signal);
  const report = await writeReport(results, join(options.home, 'reports', `${end.experiment}.html`));
  if (options.json) {
    const { experiment, status, result } = end;
    const { planDigest, notes, rows } = results;
    const told = options.failure ? envelopeOfError(options.failure) : {};
    const head = { experiment, status, result, store: options.store, plan: planDigest, notes, report, ...told };
    await printLines(jsonDocument(envelope('run', head), rows), signal);
    if (options.failure) markTold(options.failure);
    return;
  }
  await turn(signal);
  const width = process.stdout.columns ?? 120;
  const [texts] = continuations(results);
  const summary = summarise(results);
  await turn(signal);
  process.stdout.write(`\n${renderTable(summary, { width, headline: true })}\n`);
  const claims = renderClaims(judgeClaims(results, results.claims), width);
  if (claims) process.stdout.write(`${claims}\n`);
  const laws = renderLaws(checkedLaws(results, summary), width);
  if (laws) process.stdout.write(`${laws}\n`);
  const honest = renderHonest(honestBands(results, summary), width);
  if (honest) process.stdout.write(`${honest}\n`);
  if (texts) process.stdout.write(`${renderContinuations(texts, width)}\n`);
  const { headline, sentences } = findings(summary, results.plan);
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

/** Lets a signal in between two pieces of work that take seconds where the rows are millions. */
async function turn(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((next) => setImmediate(next));
  signal?.throwIfAborted();
}
