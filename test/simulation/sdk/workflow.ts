/** Stands in for the workflow SDK: everything that it can ask for is asked of the simulated server. */
import * as real from '@temporalio/workflow';
import { here as simulation } from '../simulation.js';
import { ContinueAsNew, shield, type Handler, type Server, type Workflow } from '../server.js';

export * from '@temporalio/workflow';

let server: Server;
export function serveWorkflows(by: Server): void {
  server = by;
}

type Definition = { readonly name: string };

export const workflowInfo = () => {
  const { chain, events, version } = server.current;
  return {
    workflowId: chain.id,
    historyLength: events,
    continueAsNewSuggested: false,
    targetWorkerDeploymentVersionChanged: version !== server.version,
  };
};
export const setHandler = ({ name }: Definition, handle: Handler['handle'], options?: { validator?: Handler['validate'] }) =>
  server.define(name, { handle, validate: options?.validator });
export const allHandlersFinished = () => server.current.handling === 0;
export const upsertSearchAttributes = () => undefined;
export const uuid4 = () => `turn-${simulation().pick(2 ** 30)}`;
export const log = {
  ...real.log,
  info: () => undefined,
  warn: (message: string, meta?: Record<string, unknown>) =>
    simulation().trace && simulation().say(`${server.current.chain.id} warns: ${message} ${JSON.stringify(meta)}`),
};
export const condition = (holds: () => boolean, ms?: number) => server.condition(holds, ms);
export const sleep = (ms: number) => server.sleep(ms);
export const makeContinueAsNewFunc = () => (input: unknown) => Promise.reject(new ContinueAsNew(input));
export const CancellationScope = { nonCancellable: <T>(work: () => Promise<T>) => shield.run(true, work) };
export const proxyActivities = ({ taskQueue }: { taskQueue: string }) =>
  new Proxy(
    {},
    {
      get: (_target, name: string) => ({
        executeWithOptions: (_options: unknown, [input]: [unknown]) => server.call(name, input, taskQueue),
      }),
    },
  );

interface ChildOptions {
  readonly workflowId: string;
  readonly args: readonly [unknown];
  readonly parentClosePolicy?: string;
}
export const startChild = (workflow: Workflow, { workflowId, args, parentClosePolicy }: ChildOptions) =>
  server.startChild(workflowId, workflow, args[0], parentClosePolicy);
export const executeChild = async (workflow: Workflow, options: ChildOptions) => (await startChild(workflow, options)).result();
export const getExternalWorkflowHandle = (workflowId: string) => ({
  workflowId,
  signal: ({ name }: Definition, ...args: unknown[]) => {
    const sent = JSON.parse(JSON.stringify(args)) as unknown[];
    return server.external(workflowId, () => server.signal(workflowId, name, sent));
  },
  cancel: () => server.external(workflowId, () => server.askToEnd(workflowId)),
});
