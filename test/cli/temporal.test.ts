/** What the server's answers mean to the commands. */
import { NamespaceNotFoundError } from '@temporalio/common';
import { expect, test } from '@jest/globals';
import { clientError, isPassing } from '../../cli/temporal.js';

test('a server that stops or starts is waited for', () => {
  const grpc = (code: number) => Object.assign(new Error('from the server'), { code, details: '', metadata: {} });
  for (const error of [grpc(14), grpc(4), grpc(1), new NamespaceNotFoundError('default')]) expect(isPassing(error)).toBe(true);
  for (const error of [grpc(5), grpc(7), grpc(16), new Error('no')]) expect(isPassing(error)).toBe(false);
});

test('a namespace that stays unknown is one sentence that names the setting', () => {
  expect(clientError('quickstart', new NamespaceNotFoundError('team'))).toMatchObject({
    kind: 'unreachable',
    message: expect.stringMatching(/^the Temporal server knows no namespace team; set TEMPORAL_NAMESPACE/),
  });
});
