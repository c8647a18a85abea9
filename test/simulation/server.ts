/**
 * A workflow server as far as ours are served by one: executions by id, what happened to each in the order in which it heard of it,
 * tasks that hand out all of that at once, children, signals, updates, cancellation, continue-as-new. Everything takes a while.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  TemporalFailure,
  WorkflowExecutionAlreadyStartedError,
} from '@temporalio/common';
import { settled, type Simulation } from './simulation.js';

export type Workflow = (input: any) => Promise<any>;
export interface Handler {
  readonly handle: (...args: any[]) => unknown;
  readonly validate?: (...args: any[]) => void;
}

/** Continues as new; the workflows know it by its name. */
export class ContinueAsNew extends Error {
  override readonly name = 'ContinueAsNew';
  constructor(readonly input: unknown) {
    super('Workflow continued as new');
  }
}

/** Something that a workflow waits for. */
interface Pending {
  readonly shielded: boolean;
  /** its scope is cancelled */
  cancel(): void;
}

interface Condition {
  readonly holds: () => boolean;
  readonly meet: () => void;
}

/** What an execution is told in a task: the first kind before the others, as the SDK has it. */
interface Told {
  readonly first: boolean;
  act(): void;
}

/** All executions under one id, one after the other, that are one workflow to those who started it. */
export class Chain {
  closed: 'completed' | 'failed' | 'canceled' | 'terminated' | undefined;
  result: any;
  failure: unknown;
  readonly inputs: any[] = [];
  constructor(
    readonly id: string,
    readonly workflow: Workflow,
    /** told of its end: by id, for the parent may be in another execution, which then is not told */
    readonly parent: { readonly execution: Execution; readonly policy: string | undefined } | undefined,
    readonly onClosed: (chain: Chain) => void,
  ) {}
}

export class Execution {
  readonly handlers = new Map<string, Handler>();
  readonly pending = new Set<Pending>();
  conditions: Condition[] = [];
  handling = 0;
  events = 1;
  canceled = false;
  open = true;
  started = false;
  /** told to nobody yet */
  inbox: Told[] = [];
  task = false;
  buffered: { readonly name: string; act(handler: Handler): void }[] = [];
  close: { readonly by: 'completed'; readonly result: unknown } | { readonly by: 'failed'; readonly error: unknown } | undefined;
  constructor(
    readonly chain: Chain,
    readonly version: number,
  ) {}
}

/** Whether what is asked for now is beyond cancellation. */
export const shield = new AsyncLocalStorage<true>();

/** The longest that things take, in ms. */
const TASK_MS = 400;
const REQUEST_MS = 400;
const START_MS = 1_500;

export class Server {
  /** the execution whose code runs now */
  current!: Execution;
  version = 0;
  readonly chains = new Map<string, Chain>();
  /** the newest execution of each id */
  readonly executions = new Map<string, Execution>();
  /** does an activity: an answer, or an error that is final; told once */
  activity: (
    name: string,
    input: any,
    queue: string,
    of: Execution,
    done: (answer: any, error?: unknown) => void,
  ) => { cancel(): void } = () => {
    throw new Error('no activities');
  };
  /** after a workflow's code has done all that it can do for now */
  afterTask: (execution: Execution) => void = () => undefined;

  constructor(readonly simulation: Simulation) {}

  // ---- what happens to workflows

  start(
    id: string,
    workflow: Workflow,
    input: unknown,
    parent?: Chain['parent'],
    onClosed: (chain: Chain) => void = () => undefined,
  ): Chain {
    const chain = new Chain(id, workflow, parent, onClosed);
    this.chains.set(id, chain);
    this.#execute(chain, input);
    return chain;
  }

  #execute(chain: Chain, input: unknown): Execution {
    const execution = new Execution(chain, this.version);
    this.executions.set(chain.id, execution);
    chain.inputs.push(input);
    this.#tell(execution, true, () => {
      execution.started = true;
      chain.workflow(structuredClone(input)).then(
        (result) => (execution.close = { by: 'completed', result }),
        (error: unknown) => (execution.close = { by: 'failed', error }),
      );
    });
    return execution;
  }

  #tell(execution: Execution, first: boolean, act: () => void): void {
    if (!execution.open) return;
    execution.events++;
    execution.inbox.push({ first, act });
    if (execution.task) return;
    execution.task = true;
    this.simulation.after(this.simulation.delay(TASK_MS), () => this.#task(execution));
  }

  /** An event: hands out what there is, and the workflow does what follows from it. */
  async #task(execution: Execution): Promise<void> {
    execution.task = false;
    if (!execution.open) return;
    execution.events += 3;
    const told = execution.inbox;
    execution.inbox = [];
    this.current = execution;
    for (const { first, act } of told) if (first) act();
    for (const { first, act } of told) if (!first) act();
    // conditions are looked at while anything moves
    for (let moved = true; moved;) {
      await settled();
      moved = false;
      for (const condition of execution.conditions) {
        if (!condition.holds()) continue;
        execution.conditions = execution.conditions.filter((one) => one !== condition);
        condition.meet();
        moved = true;
      }
    }
    this.afterTask(execution);
    if (execution.close) this.#close(execution, execution.close);
  }

  #close(execution: Execution, close: NonNullable<Execution['close']>): void {
    const { chain } = execution;
    execution.open = false;
    for (const child of this.executions.values())
      if (child.open && child.chain.parent?.execution === execution && child.chain.parent.policy !== 'ABANDON')
        this.#later(() => this.#cancel(child));
    if (close.by === 'failed' && close.error instanceof ContinueAsNew) {
      this.simulation.say(`${chain.id} continues as new`);
      this.#execute(chain, JSON.parse(JSON.stringify(close.error.input)));
      return;
    }
    if (close.by === 'failed' && !(close.error instanceof TemporalFailure)) {
      this.simulation.violated(`the code of ${chain.id} failed: ${(close.error as Error).stack}`);
      return;
    }
    if (close.by === 'completed') {
      chain.closed = 'completed';
      chain.result = close.result === undefined ? undefined : JSON.parse(JSON.stringify(close.result));
    } else {
      chain.closed = close.error instanceof CancelledFailure ? 'canceled' : 'failed';
      chain.failure = close.error;
    }
    this.simulation.say(`${chain.id} is closed: ${chain.closed}`);
    chain.onClosed(chain);
  }

  /** Ends a workflow by force. */
  terminate(id: string): boolean {
    const execution = this.executions.get(id);
    if (!execution?.open) return false;
    this.simulation.say(`${id} is ended by force`);
    execution.open = false;
    execution.chain.closed = 'terminated';
    execution.chain.failure = new Error('Workflow execution terminated');
    for (const child of this.executions.values())
      if (child.open && child.chain.parent?.execution === execution && child.chain.parent.policy !== 'ABANDON')
        this.#later(() => this.#cancel(child));
    execution.chain.onClosed(execution.chain);
    return true;
  }

  #cancel(execution: Execution): void {
    this.#tell(execution, false, () => {
      if (execution.canceled) return;
      execution.canceled = true;
      for (const pending of [...execution.pending]) if (!pending.shielded) pending.cancel();
    });
  }

  /** From outside. */
  cancel(id: string): boolean {
    const execution = this.executions.get(id);
    if (!execution?.open) return false;
    this.simulation.say(`${id} is asked to end`);
    this.#cancel(execution);
    return true;
  }

  signal(id: string, name: string, args: readonly unknown[]): boolean {
    const execution = this.executions.get(id);
    if (!execution?.open) return false;
    this.#tell(execution, true, () =>
      this.#handled(execution, name, ({ handle }) => this.#handle(execution, () => handle(...args))),
    );
    return true;
  }

  /** @param answered not where the workflow ends before */
  update(id: string, name: string, args: readonly unknown[], answered: (accepted: boolean) => void): boolean {
    const execution = this.executions.get(id);
    if (!execution?.open) return false;
    this.#tell(execution, true, () =>
      this.#handled(execution, name, ({ handle, validate }) => {
        try {
          validate?.(...args);
        } catch {
          answered(false);
          return;
        }
        answered(true);
        this.#handle(execution, () => handle(...args));
      }),
    );
    return true;
  }

  query(id: string, name: string): any {
    const execution = this.executions.get(id);
    return execution?.open ? execution.handlers.get(name)?.handle() : undefined;
  }

  #handled(execution: Execution, name: string, act: (handler: Handler) => void): void {
    const handler = execution.handlers.get(name);
    if (handler) act(handler);
    else execution.buffered.push({ name, act });
  }
  #handle(execution: Execution, work: () => unknown): void {
    execution.handling++;
    void (async () => {
      try {
        await work();
      } finally {
        execution.handling--;
      }
    })().catch((error: unknown) => this.simulation.violated(`a handler failed: ${(error as Error).stack}`));
  }

  // ---- what workflows ask for, by way of sdk/workflow.ts

  #later(act: () => void, most = REQUEST_MS): { cancel(): void } {
    return this.simulation.after(this.simulation.delay(most), act);
  }

  define(name: string, handler: Handler): void {
    const { handlers, buffered } = this.current;
    handlers.set(name, handler);
    this.current.buffered = buffered.filter((one) => one.name !== name);
    for (const one of buffered) if (one.name === name) one.act(handler);
  }

  /** Waits for something that is cancelled with the scope; `stop` is called then, and where that gives it up at once it is rejected. */
  #waiting<T>(
    begin: (resolve: (value: T) => void, reject: (error: unknown) => void) => { readonly rejects: boolean; stop(): void },
  ): Promise<T> {
    const execution = this.current;
    const shielded = shield.getStore() === true;
    if (execution.canceled && !shielded) return Promise.reject(new CancelledFailure('Workflow cancelled'));
    return new Promise<T>((resolve, reject) => {
      const over = () => void execution.pending.delete(pending);
      const { rejects, stop } = begin(
        (value) => (over(), resolve(value)),
        (error) => (over(), reject(error as Error)),
      );
      const pending: Pending = {
        shielded,
        cancel() {
          stop();
          if (rejects) (over(), reject(new CancelledFailure('Workflow cancelled')));
        },
      };
      execution.pending.add(pending);
    });
  }

  condition(holds: () => boolean, ms?: number): Promise<boolean> {
    const execution = this.current;
    if (holds() && (!execution.canceled || shield.getStore() === true)) return Promise.resolve(true);
    return this.#waiting<boolean>((resolve) => {
      const drop = () => void (execution.conditions = execution.conditions.filter((one) => one !== condition));
      const timer =
        ms === undefined
          ? undefined
          : this.simulation.after(ms, () => this.#tell(execution, false, () => (drop(), resolve(holds()))));
      const condition: Condition = { holds, meet: () => (timer?.cancel(), resolve(true)) };
      execution.conditions.push(condition);
      return { rejects: true, stop: () => (timer?.cancel(), drop()) };
    });
  }

  sleep(ms: number): Promise<void> {
    const execution = this.current;
    return this.#waiting<void>((resolve) => {
      const timer = this.simulation.after(ms, () => this.#tell(execution, false, resolve));
      return { rejects: true, stop: () => timer.cancel() };
    });
  }

  call(name: string, input: unknown, queue: string): Promise<any> {
    const execution = this.current;
    return this.#waiting<any>((resolve, reject) => {
      execution.events += 2;
      const { cancel } = this.activity(name, JSON.parse(JSON.stringify(input)), queue, execution, (answer, error) =>
        this.#tell(execution, false, () => {
          if (error === undefined) resolve(answer);
          else if (error instanceof CancelledFailure) reject(error);
          else
            reject(
              new ActivityFailure('Activity task failed', name, '1', 'NON_RETRYABLE_FAILURE' as any, undefined, error as Error),
            );
        }),
      );
      return { rejects: false, stop: cancel };
    });
  }

  startChild(id: string, workflow: Workflow, input: unknown, policy?: string): Promise<{ result(): Promise<any> }> {
    const execution = this.current;
    const text = JSON.stringify(input);
    return this.#waiting((resolve, reject) => {
      let given = false;
      execution.events++;
      this.#later(() => {
        // of a parent that has closed meanwhile it may never have been asked
        if (!execution.open && this.simulation.chance() < 0.5) return;
        if (given || this.executions.get(id)?.open) {
          const error = given
            ? new CancelledFailure('Workflow cancelled')
            : new WorkflowExecutionAlreadyStartedError('Workflow execution already started', id, 'run');
          this.#tell(execution, false, () => reject(error));
          return;
        }
        let over!: { resolve(value: unknown): void; reject(error: unknown): void };
        const result = new Promise<any>((yes, no) => (over = { resolve: yes, reject: no }));
        result.catch(() => undefined);
        this.simulation.say(`${id} is started`);
        const child = this.start(id, workflow, JSON.parse(text), { execution, policy }, (chain) =>
          this.#later(() =>
            this.#tell(execution, false, () => {
              execution.pending.delete(pending);
              if (chain.closed === 'completed') over.resolve(chain.result);
              else
                over.reject(
                  new ChildWorkflowFailure(
                    'default',
                    { workflowId: id } as any,
                    'run',
                    'NON_RETRYABLE_FAILURE' as any,
                    chain.failure as Error,
                  ),
                );
            }),
          ),
        );
        // a child is cancelled with the scope that started it, and is waited for
        const pending: Pending = { shielded, cancel: () => void this.#later(() => this.#cancel(this.executions.get(child.id)!)) };
        this.#tell(execution, false, () => {
          execution.pending.add(pending);
          resolve({ result: () => result });
          if (execution.canceled && !shielded) pending.cancel();
        });
      }, START_MS);
      const shielded = shield.getStore() === true;
      return { rejects: false, stop: () => void (given = true) };
    });
  }

  /** To a workflow that is known by its id alone. */
  external(id: string, ask: () => boolean): Promise<void> {
    const execution = this.current;
    return this.#waiting<void>((resolve, reject) => {
      execution.events++;
      this.#later(() => {
        if (!execution.open && this.simulation.chance() < 0.5) return;
        const there = ask();
        // the answer travels on its own
        this.#later(() =>
          this.#tell(execution, false, () =>
            there
              ? resolve()
              : reject(
                  ApplicationFailure.create({ message: `Unable to reach external workflow ${id} because it was not found` }),
                ),
          ),
        );
      });
      return { rejects: false, stop: () => undefined };
    });
  }

  askToEnd(id: string): boolean {
    return this.cancel(id);
  }

  /** Whether nothing is under way. */
  get quiet(): boolean {
    for (const { open } of this.executions.values()) if (open) return false;
    return true;
  }
}
