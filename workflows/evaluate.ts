/**
 * The evaluations of a generation, or of some together, which follow the chain and never hold it up. A member's scores are one step; one
 * that cannot be computed is told, and costs no other. What there is to read is in the store when this ends.
 */
import { ApplicationFailure, isCancellation, log } from '@temporalio/workflow';
import type { ScoreResult, StepPlace } from '../activities/types.js';
import type { EvaluationDocument } from '../spec/documents.js';
import type { EvaluateInput, EvaluateResult, RunProblem } from './contract.js';
import { NO_STEPS, sumOf } from './contract.js';
import { damagedInput, describeFailure } from './failure.js';
import { stepsOn } from './proxies.js';
import { recorder } from './run-records.js';

export async function evaluate(input: EvaluateInput): Promise<EvaluateResult> {
  const { place, store, execution, subjects } = input;
  const record = recorder(place, { store, execution });
  const problems: Omit<RunProblem, 'run'>[] = [];
  let damaged: string | undefined;
  let [counted, observations, evaluations] = [NO_STEPS, NO_STEPS, NO_STEPS];

  const note = (
    what: RunProblem['what'],
    { generation, member }: Pick<StepPlace, 'generation' | 'member'>,
    error: unknown,
    partly?: true,
  ): string => {
    if (isCancellation(error)) throw error;
    damaged ??= damagedInput(error);
    const failure = describeFailure(error);
    log.warn('beside the chain something failed for good', { ...place, what, generation, member, reason: failure.message });
    problems.push({ what, generation, member, ...failure, ...(partly && { partly }) });
    return failure.message;
  };
  const count = ({ cached, counts }: ScoreResult) => {
    counted = sumOf(counted, cached ? { computed: 0, reused: 1 } : { computed: 1, reused: 0 });
    observations = sumOf(observations, counts.observations);
    evaluations = sumOf(evaluations, counts.evaluations);
  };

  const one = async ({ of, queue, input: asked }: EvaluateInput['subjects'][number]) => {
    const steps = stepsOn({ ...execution.queues, engine: queue }, execution.heartbeatSeconds);
    const { generation, member } = asked.place;
    let found: Pick<EvaluationDocument, 'scores' | 'metrics' | 'tables' | 'step' | 'failure'>;
    try {
      const result = await steps.score(asked);
      count(result);
      const { key, cached, report, outputs, metrics, tables, failures } = result;
      const told = failures.map(({ evaluation, type, message }) =>
        note('score', asked.place, ApplicationFailure.nonRetryable(`${evaluation}: ${message}`, type), true),
      );
      found = {
        scores: outputs.scores,
        metrics,
        tables: { ...tables },
        step: { key, cached, report: { ...report } },
        ...(told.length === 0 ? {} : { failure: told.join('; ') }),
      };
    } catch (error) {
      found = { failure: note('score', asked.place, error) };
    }
    await record((at) => ({ schema: 'habsburg.evaluation/v1', ...at, generation, member, of, ...found })).catch(
      (error: unknown) => note('record', asked.place, error),
    );
  };

  await Promise.all(subjects.map(one));
  return { steps: counted, observations, evaluations, problems, ...(damaged === undefined ? {} : { damaged }) };
}
