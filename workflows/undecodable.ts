/** What a workflow is spared: a signal whose payload nobody can read would fail its every task, for ever. It is dropped and logged. */
import { defaultPayloadConverter } from '@temporalio/common';
import { log } from '@temporalio/workflow';
import type { WorkflowInterceptors } from '@temporalio/workflow';

export const interceptors = (): WorkflowInterceptors => ({
  internals: [
    {
      activate(input, next) {
        const { activation } = input;
        activation.jobs = activation.jobs?.filter(({ signalWorkflow }) => {
          if (!signalWorkflow) return true;
          try {
            for (const payload of signalWorkflow.input ?? []) defaultPayloadConverter.fromPayload(payload);
            return true;
          } catch (error) {
            const reason = error instanceof Error ? error.message : String(error);
            log.warn('a signal that cannot be decoded is ignored', { signal: signalWorkflow.signalName, reason });
            return false;
          }
        });
        next(input);
      },
    },
  ],
});
