/**
 * Who may give workflows work. On an embedded server the worker opens only what was sealed with the secret of the server's home;
 * what it could not open arrives here as REFUSED. The workflow then ends, or the message is dropped, instead of being tried again.
 */
import { ApplicationFailure } from '@temporalio/common';
import type { WorkflowInterceptors } from '@temporalio/workflow';
import { log } from '@temporalio/workflow';
import { FAILURE_PREFIX } from '../common/errors.js';
import { REFUSED } from '../common/refused.js';

export const interceptors = (): WorkflowInterceptors => ({
  inbound: [
    {
      async execute(input, next) {
        if (input.args.length === 0 || isRefused(input.args)) throw refusal();
        return next(input);
      },
      async handleSignal(input, next) {
        if (isRefused(input.args)) log.warn(`the signal ${input.signalName} is dropped: ${REFUSED.refused}`);
        else await next(input);
      },
      validateUpdate(input, next) {
        if (isRefused(input.args)) throw refusal();
        next(input);
      },
      async handleUpdate(input, next) {
        if (isRefused(input.args)) throw refusal();
        return next(input);
      },
      async handleQuery(input, next) {
        if (isRefused(input.args)) throw refusal();
        return next(input);
      },
    },
  ],
});

function isRefused(args: readonly unknown[]): boolean {
  return args.some(
    (arg) => typeof arg === 'object' && arg !== null && (arg as Partial<typeof REFUSED>).refused === REFUSED.refused,
  );
}

const refusal = () =>
  ApplicationFailure.create({ type: `${FAILURE_PREFIX}invalid`, message: REFUSED.refused, nonRetryable: true });
