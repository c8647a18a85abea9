/** Names and lines that clients, workers and workflows have in common. */
import { expect, test } from '@jest/globals';
import {
  NO_STEPS,
  enginesQueue,
  evaluateWorkflowId,
  experimentSummary,
  fairness,
  runWorkflowId,
  scoreSummary,
  scoreWorkflowId,
  sumOf,
} from '../../workflows/contract.js';
import { makeFixture } from '../report/fixture.js';

test('no two workflows of one experiment have the same id', () => {
  const runs = ['replace/seed-1', 'replace/seed-2', 'keep/seed-1'].map((run) => runWorkflowId('e', run));
  const evaluations = runs.flatMap((run) => [0, 1].map((t) => evaluateWorkflowId(run, t)));
  const all = ['e', scoreWorkflowId('e'), ...runs, ...evaluations];
  expect(new Set(all).size).toBe(all.length);
  expect(all.slice(1).every((id) => id.startsWith('e/'))).toBe(true);
  expect(evaluateWorkflowId(runs[0], 3)).toBe('e/replace/seed-1/evaluations/3');
});

test('experiments take turns by their name, and engines are asked on a queue beside that of their steps', () => {
  expect(fairness('e')).toEqual({ fairnessKey: 'e' });
  expect(enginesQueue('habsburg-gpu')).toBe('habsburg-gpu-engines');
});

test('counts add up', () => {
  const [a, b] = [{ computed: 2, reused: 3 }, { computed: 5, reused: 7 }]; // prettier-ignore
  expect(sumOf(a, b)).toEqual({ computed: 7, reused: 10 });
  expect(sumOf(a, NO_STEPS)).toEqual(a);
});

test('what the UI shows beside an experiment and its scoring', () => {
  const { plan } = makeFixture({ name: 'e', seeds: [1], conditions: ['a', 'b'] });
  expect(experimentSummary(plan)).toBe('experiment · e · 2 conditions x 1 seed');
  expect(scoreSummary({ name: 'e', metrics: plan.metrics.slice(0, 1) })).toBe('score · e · 1 metric');
});
