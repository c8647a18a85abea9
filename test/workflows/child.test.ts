/** What children of an experiment have in common. */
import { expect, test } from '@jest/globals';
import { ParentClosePolicy, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { abandonedChildOf, childOf } from '../../workflows/child.js';

test('they share their experiment’s turn at the workers, and may be started again under their name', () => {
  for (const options of [childOf('nature'), abandonedChildOf('nature')])
    expect(options).toMatchObject({
      taskQueue: 'habsburg-workflow',
      priority: { fairnessKey: 'nature' },
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    });
});

test('one ends with its parent, the other goes on while its parent continues as new', () => {
  expect(childOf('e').parentClosePolicy).toBe(ParentClosePolicy.REQUEST_CANCEL);
  expect(abandonedChildOf('e').parentClosePolicy).toBe(ParentClosePolicy.ABANDON);
});
