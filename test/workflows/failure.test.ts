/** What went wrong, in a kind and a sentence. */
import { describe, expect, test } from '@jest/globals';
import { ActivityFailure, ApplicationFailure, CancelledFailure, ChildWorkflowFailure } from '@temporalio/common';
import type { ExperimentResult } from '../../workflows/contract.js';
import {
  allRunsFailed,
  damagedInput,
  describeFailure,
  isAlreadyStarted,
  isGone,
  refusal,
  sentenceOf,
} from '../../workflows/failure.js';

const activity = (cause: Error) => new ActivityFailure('Activity task failed', 'finetune', '1', 'NON_RETRYABLE_FAILURE' as never, undefined, cause); // prettier-ignore
const child = (cause: Error) => new ChildWorkflowFailure('default', { workflowId: 'w', runId: 'r' }, 'run', 'NON_RETRYABLE_FAILURE' as never, cause); // prettier-ignore
const ours = (message: string, type = 'habsburg.resources', cause?: Error) => ApplicationFailure.create({ type, message, cause });
const taken = Object.assign(new Error('Workflow execution already started'), { name: 'WorkflowExecutionAlreadyStartedError' });

describe('a failure', () => {
  test('of an activity, of a child, of a child’s activity: the sentence is ours, the kind the innermost', () => {
    const full = ours('the disk is full');
    expect(describeFailure(activity(full))).toEqual({ kind: 'resources', message: 'the disk is full' });
    expect(describeFailure(child(activity(full)))).toEqual({ kind: 'resources', message: 'the disk is full' });
    const outer = ours('run failed', 'other', ours('inner', 'habsburg.notFound'));
    expect(describeFailure(child(outer))).toEqual({ kind: 'notFound', message: 'run failed' });
  });

  test('without a type, or that is none of ours, is one all the same', () => {
    expect(describeFailure(new Error('a bug'))).toEqual({ kind: 'failed', message: 'a bug' });
    expect(describeFailure('text')).toEqual({ kind: 'failed', message: 'text' });
    expect(describeFailure(ApplicationFailure.create({ message: 'm' }))).toEqual({ kind: 'failed', message: 'm' });
  });

  test('that is a cancellation is called so, wherever it comes from', () => {
    for (const error of [new CancelledFailure('c'), activity(new CancelledFailure('c')), child(new CancelledFailure('c'))])
      expect(describeFailure(error)).toEqual({ kind: 'canceled', message: 'cancelled' });
  });

  test('of a start under a name that is taken says what helps', () => {
    expect(isAlreadyStarted(taken)).toBe(true);
    expect(isAlreadyStarted(new Error('started'))).toBe(false);
    for (const error of [taken, child(taken)]) expect(describeFailure(error).message).toMatch(/cancel --force ends it/);
  });
});

test('who is not there is told from who cannot be told anything', () => {
  expect(isGone(new Error('Unable to signal external workflow because it was not found'))).toBe(true);
  expect(isGone(new Error('deadline exceeded'))).toBe(false);
  expect(isGone('was not found')).toBe(false);
});

test('a step that read something damaged names it, in that form alone', () => {
  const details = (...of: unknown[]) => activity(ApplicationFailure.create({ message: 'm', details: of }));
  expect(damagedInput(details({ damagedInput: 'sha256:1' }))).toBe('sha256:1');
  for (const other of [details(), details(null), details({ damagedInput: 3 }), details('sha256:1'), new Error('e')])
    expect(damagedInput(other)).toBeUndefined();
});

test('an experiment of which all runs failed says no less than one that is done, and is not tried again', () => {
  const result = (runs: number) => ({ runs, failures: [{ run: 'a/seed-1', kind: 'failed', message: 'no' }] }) as unknown as ExperimentResult; // prettier-ignore
  expect(allRunsFailed(result(1))).toMatchObject({ message: 'a/seed-1 failed: no', details: [result(1)], nonRetryable: true });
  expect(allRunsFailed(result(3)).message).toBe('all 3 runs failed, the first of them, a/seed-1: no');
});

test('a refusal is a sentence of ours', () => {
  expect(refusal('not now')).toMatchObject({ type: 'habsburg.invalid', message: 'not now' });
  expect(sentenceOf(activity(refusal('not now')))).toBe('not now');
  expect(sentenceOf(7)).toBe('7');
});
