/**
 * Temporal as far as our workflows use it, in this process and without a server: executions with ids, children, signals, updates,
 * queries, cancellation, continue-as-new. Workflows run as they are; activities are what a test gives. Import workflows after
 * `installSdk()`, with `await import(…)`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { ActivityFailure, ApplicationFailure, CancelledFailure, ChildWorkflowFailure } from '@temporalio/common';
import * as real from '@temporalio/workflow';

type Workflow = (input: any) => Promise<any>;
type Definition = { readonly name: string };
type Handler = { readonly handle: (...args: any[]) => unknown; readonly validate?: (...args: any[]) => void };

class Execution {
  readonly handlers = new Map<string, Handler>();
  handling = 0;
  events = 0;
  canceled = false;
  /** ends with the parent's cancellation */
  followsParent = true;
  /** what was started by an earlier execution of the chain, or before it was ended by force, does not go on */
  incarnation = 0;
  status: 'running' | 'completed' | 'failed' = 'running';
  /** signals that came before their handlers */
  readonly buffered: { readonly name: string; readonly args: unknown[] }[] = [];
  end!: (error: Error) => void;
  /** inputs of all executions of the chain */
  readonly inputs: unknown[] = [];
  readonly attributes = new Map<string, unknown>();
  /** what Temporal's UI shows beside it */
  summary?: string;
  outcome!: Promise<any>;
  constructor(
    readonly id: string,
    readonly parent?: Execution,
  ) {}
}

class ContinueAsNew extends Error {
  override readonly name = 'ContinueAsNew';
  constructor(readonly input: unknown) {
    super('Workflow continued as new');
  }
}

export class World {
  readonly executions = new Map<string, Execution>();
  readonly logged: { readonly message: string; readonly meta?: any }[] = [];
  /** activities in the order in which they were asked for, as Temporal's UI shows them */
  readonly scheduled: { readonly name: string; readonly taskQueue: string; readonly summary?: string }[] = [];
  /** by activity name; a thrown ApplicationFailure is final, as after the last retry */
  activities: Record<string, (input: any, ...taskQueue: any[]) => Promise<any>> = {};
  /** whether the server says of a workflow's task that the workers have another version by now */
  saysOtherVersion: (id: string) => boolean = () => false;
  /** awaited before a child exists */
  beforeStart: (id: string) => Promise<void> = async () => undefined;
  #stopped = false;
  readonly #timers = new Set<{ left: number; ring: () => void }>();

  start<T = any>(workflow: Workflow, id: string, input: unknown): Promise<T> {
    return this.launch(workflow, id, input).outcome;
  }

  launch(workflow: Workflow, id: string, input: unknown, parent?: Execution): Execution {
    if (this.executions.get(id)?.status === 'running')
      throw Object.assign(new Error('Workflow execution already started'), { name: 'WorkflowExecutionAlreadyStartedError' });
    const execution = new Execution(id, parent);
    this.executions.set(id, execution);
    const ended = new Promise<never>((_, reject) => (execution.end = reject));
    execution.outcome = Promise.race([this.#run(execution, workflow, input), ended]);
    execution.outcome.then(
      () => (execution.status = 'completed'),
      () => (execution.status = 'failed'),
    );
    return execution;
  }

  async #run(execution: Execution, workflow: Workflow, first: unknown): Promise<unknown> {
    for (let input = first; ;) {
      execution.inputs.push(input);
      execution.events = 3;
      try {
        // what travels is JSON
        const { incarnation } = execution;
        return await context.run({ execution, incarnation, world: this }, () => workflow(structuredClone(input)));
      } catch (error) {
        if (!(error instanceof ContinueAsNew)) throw error;
        input = JSON.parse(JSON.stringify(error.input));
      }
    }
  }

  async update<T = any>(id: string, { name }: Definition, ...args: unknown[]): Promise<T> {
    const { execution, handler } = this.#handler(id, name);
    await context.run(this.#contextOf(execution), async () => handler.validate?.(...args));
    return (await this.#handle(execution, handler, args)) as T;
  }

  query<T = any>(id: string, { name }: Definition): T {
    const { handler } = this.#handler(id, name);
    return handler.handle() as T;
  }

  /** One that comes before its handler waits for it. */
  async signal(id: string, { name }: Definition, ...args: unknown[]): Promise<void> {
    const execution = this.#running(id);
    execution.events += 4;
    const handler = execution.handlers.get(name);
    if (handler) await this.#handle(execution, handler, args);
    else execution.buffered.push({ name, args });
  }

  handles(execution: Execution, name: string, handler: Handler): void {
    execution.handlers.set(name, handler);
    for (const signal of execution.buffered.filter((signal) => signal.name === name)) {
      execution.buffered.splice(execution.buffered.indexOf(signal), 1);
      void this.#handle(execution, handler, signal.args);
    }
  }

  #running(id: string): Execution {
    const execution = this.executions.get(id);
    if (execution?.status !== 'running') throw new Error(`no workflow ${id} is running`);
    return execution;
  }
  #contextOf(execution: Execution): Context {
    return { execution, incarnation: execution.incarnation, world: this };
  }

  #handler(id: string, name: string) {
    const execution = this.#running(id);
    const handler = execution.handlers.get(name);
    if (!handler) throw new Error(`${id} does not know ${name}`);
    return { execution, handler };
  }

  async #handle(execution: Execution, handler: Handler, args: unknown[]): Promise<unknown> {
    execution.handling++;
    try {
      return await context.run(this.#contextOf(execution), async () => handler.handle(...args));
    } finally {
      execution.handling--;
    }
  }

  cancel(id: string): void {
    for (const execution of this.executions.values())
      if (execution.id === id || (execution.followsParent && execution.parent?.id === id)) execution.canceled = true;
  }

  /** Ends a workflow by force: its code does nothing more. */
  terminate(id: string): void {
    const execution = this.#running(id);
    execution.incarnation++;
    execution.status = 'failed';
    execution.end(new Error('Workflow execution terminated'));
  }

  /** Lets time go by for timers. */
  pass(seconds: number): void {
    for (const timer of [...this.#timers]) if ((timer.left -= seconds * 1000) <= 0) timer.ring();
  }
  timer(milliseconds: number): { readonly over: Promise<void>; stop(): void } {
    let ring!: () => void;
    const over = new Promise<void>((resolve) => (ring = resolve));
    const timer = { left: milliseconds, ring: () => (this.#timers.delete(timer), ring()) };
    this.#timers.add(timer);
    return { over, stop: () => this.#timers.delete(timer) };
  }
  get timers(): number {
    return this.#timers.size;
  }

  /** Resolves when a condition holds; a test that hangs says what for. */
  async until(done: () => boolean, what = done.toString()): Promise<void> {
    for (let i = 0; !done(); i++) {
      if (i > 20_000) throw new Error(`waited in vain for ${what}`);
      await this.tick();
    }
  }

  tick(): Promise<void> {
    return this.#stopped ? new Promise(() => undefined) : new Promise((resolve) => setImmediate(resolve));
  }

  /** What still waits waits for ever. */
  stop(): void {
    this.#stopped = true;
  }
}

interface Context {
  readonly execution: Execution;
  readonly incarnation: number;
  readonly world: World;
  readonly shielded?: boolean;
}
const context = new AsyncLocalStorage<Context>();
const here = (): Context => context.getStore()!;
/** Nothing, for ever, where the execution is not the present one any more. */
const present = async (): Promise<void> => {
  const { execution, incarnation } = here();
  if (execution.incarnation !== incarnation) await new Promise(() => undefined);
};

/** Rejects once the execution is cancelled, unless it is shielded from that. */
async function cancellable<T>(work: Promise<T>): Promise<T> {
  const { execution, shielded, world } = here();
  let over = false;
  const watch = (async () => {
    while (!over) {
      await present();
      if (execution.canceled && !shielded) throw new CancelledFailure('Workflow cancelled');
      await world.tick();
    }
    return undefined as never;
  })();
  watch.catch(() => undefined);
  try {
    const result = await Promise.race([work, watch]);
    await present();
    return result;
  } finally {
    over = true;
  }
}

const define = (name: string, handler: Handler) => here().world.handles(here().execution, name, handler);

/** A workflow that is known to nobody but by its id; the answer of the server takes a moment. */
function external(id: string) {
  const asked = async <T>(ask: (world: World) => T | Promise<T>): Promise<T> => {
    const { world, execution } = here();
    await present();
    execution.events += 2;
    await cancellable(world.tick());
    if (world.executions.get(id)?.status !== 'running')
      throw ApplicationFailure.create({ message: 'Unable to reach external workflow because it was not found' });
    return ask(world);
  };
  return {
    workflowId: id,
    signal: (definition: Definition, ...args: unknown[]) => asked((world) => world.signal(id, definition, ...args)),
    cancel: () => asked((world) => world.cancel(id)),
  };
}

const fake = {
  ...real,
  workflowInfo: () => ({
    continueAsNewSuggested: false,
    targetWorkerDeploymentVersionChanged: here().world.saysOtherVersion(here().execution.id),
    historyLength: here().execution.events,
    workflowId: here().execution.id,
  }),
  setHandler: ({ name }: Definition, handle: Handler['handle'], options?: { validator?: Handler['validate'] }) =>
    define(name, { handle, validate: options?.validator }),
  uuid4: () => randomUUID(),
  allHandlersFinished: () => here().execution.handling === 0,
  upsertSearchAttributes: (pairs: { key: Definition; value: unknown }[]) => {
    for (const { key, value } of pairs) here().execution.attributes.set(key.name, value);
  },
  log: {
    ...real.log,
    warn: (message: string, meta?: unknown) => void here().world.logged.push({ message, meta }),
    info: () => undefined,
  },
  condition: async (done: () => boolean, milliseconds?: number) => {
    const { world } = here();
    const timer = milliseconds === undefined ? undefined : world.timer(milliseconds);
    let late = false;
    void timer?.over.then(() => (late = true));
    await cancellable((async () => { while (!done() && !late) await world.tick(); })()); // prettier-ignore
    timer?.stop();
    return done();
  },
  sleep: (milliseconds: number) => cancellable(here().world.timer(milliseconds).over),
  makeContinueAsNewFunc: () => async (input: unknown) => {
    const { execution } = here();
    execution.incarnation++;
    execution.handlers.clear();
    throw new ContinueAsNew(input);
  },
  CancellationScope: {
    nonCancellable: <T>(work: () => Promise<T>) => context.run({ ...here(), shielded: true }, work),
  },
  proxyActivities: ({ taskQueue }: { taskQueue: string }) =>
    new Proxy(
      {},
      {
        get: (_target, name: string) => {
          const call = async ({ summary }: { summary?: string }, input: unknown) => {
            const { world, execution } = here();
            execution.events += 6;
            world.scheduled.push({ name, taskQueue, summary });
            await world.tick();
            const travel = async () => {
              const activity = world.activities[name];
              if (!activity) throw ApplicationFailure.nonRetryable(`no activity ${name}`);
              // what travels is JSON
              const output: unknown = await activity(JSON.parse(JSON.stringify(input)), taskQueue);
              return output === undefined ? undefined : (JSON.parse(JSON.stringify(output)) as unknown);
            };
            return cancellable(travel()).catch((error: unknown) => {
              if (error instanceof CancelledFailure) throw error;
              throw new ActivityFailure(
                'Activity task failed',
                name,
                '1',
                'NON_RETRYABLE_FAILURE' as any,
                undefined,
                error as Error,
              );
            });
          };
          return Object.assign((input: unknown) => call({}, input), {
            executeWithOptions: (options: { summary?: string }, [input]: [unknown]) => call(options, input),
          });
        },
      },
    ),
  startChild: async (
    workflow: Workflow,
    options: { workflowId: string; args: [unknown]; staticSummary?: string; parentClosePolicy?: real.ParentClosePolicy },
  ) => {
    const { world, execution } = here();
    await present();
    execution.events += 4;
    await cancellable(world.beforeStart(options.workflowId));
    const child = world.launch(workflow, options.workflowId, JSON.parse(JSON.stringify(options.args[0])), execution);
    child.summary = options.staticSummary;
    child.followsParent = options.parentClosePolicy !== real.ParentClosePolicy.ABANDON;
    child.outcome.catch(() => undefined);
    return {
      workflowId: child.id,
      result: async () => {
        try {
          return await child.outcome.finally(present);
        } catch (cause) {
          throw new ChildWorkflowFailure(
            'default',
            { workflowId: child.id } as any,
            'run',
            'NON_RETRYABLE_FAILURE' as any,
            cause as Error,
          );
        } finally {
          execution.events += 3;
        }
      },
    };
  },
  executeChild: async (workflow: Workflow, options: { workflowId: string; args: [unknown]; staticSummary?: string }) =>
    (await fake.startChild(workflow, options)).result(),
  getExternalWorkflowHandle: external,
};

/** Replaces the SDK for modules that are imported from now on. */
export function installSdk(): void {
  jest.unstable_mockModule('@temporalio/workflow', () => fake);
}
