/** The reason of a failed attempt reaches whoever waits, however long its causes and stacks are. */
import { ApplicationFailure, DefaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { expect, test } from '@jest/globals';
import { toFailure } from '../../activities/failures.js';
import { EngineDied } from '../../engines/run-job.js';
import { HabsburgError } from '../../common/errors.js';

/** What a server keeps of the failure of an attempt that it will retry. */
const LIMIT = 4_096;

/** As JSON, which takes a little more than the wire's form. */
const sizeOf = (failure: Error) =>
  Buffer.byteLength(JSON.stringify(new DefaultFailureConverter().errorToFailure(failure, defaultPayloadConverter)));

/** An error whose stack and causes are as deep as those of an HTTP client in a deep folder. */
function deep(message: string, levels: number): Error {
  const error = new Error(message, levels > 1 ? { cause: deep(`${message} (cause ${levels})`, levels - 1) } : {});
  const site = `    at request (file:///home/someone/${'folder/'.repeat(40)}client.js:100:20)`;
  error.stack = [`Error: ${message}`, ...Array<string>(30).fill(site)].join('\n');
  return error;
}

test.each([
  [
    'a service that is away',
    new HabsburgError('unreachable', 'the Hub cannot be reached (fetch failed)', { cause: deep('fetch failed', 6) }),
    /^the Hub cannot be reached/,
  ],
  ['a stray error', deep('Unexpected token < in JSON', 8), /^prepare: Unexpected token/],
  ['a message of a megabyte', new Error(`begins ${'x'.repeat(1 << 20)} ends`), /^prepare: begins x+ … x+ ends$/],
  ['three bytes a letter', new HabsburgError('resources', '語'.repeat(5_000)), /^語+ … 語+$/],
  ['an engine with a long last word', new EngineDied('y'.repeat(9_000)), /^prepare: y+ … y+$/],
])('%s fits', (_, error, reason) => {
  const failure = toFailure(error, 'prepare', 1);
  expect(sizeOf(failure)).toBeLessThan(LIMIT);
  expect(failure.message).toMatch(reason);
});

test('what fits is passed on whole, with its cause', () => {
  const failure = toFailure(new HabsburgError('unreachable', 'the store is away', { cause: new Error('refused') }), 'sample', 1);
  expect(failure).toBeInstanceOf(ApplicationFailure);
  expect(failure).toMatchObject({ message: 'the store is away', type: 'habsburg.unreachable', nonRetryable: false });
  expect(failure.cause).toMatchObject({ message: 'refused' });
});
