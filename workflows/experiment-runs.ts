/**
 * An experiment's runs as workflows. They outlive the execution that started them, so that an experiment continues as new while they go
 * on. What they come to they say by signal (report.ts); what they are told they are told by workflow id. The server tells the execution
 * that started a run how it closed, too. Of the others a run that was ended by force would never be heard again: so they are asked, once
 * in a while, whether they are there.
 */
import {
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  log,
  sleep,
  uuid4,
  type ChildWorkflowHandle,
  type ExternalWorkflowHandle,
} from '@temporalio/workflow';
import type { RunGoing } from './contract.js';
import { checkSignal, setGenerationsSignal, setPausedSignal } from './contract.js';
import type { ExperimentState } from './experiment-state.js';
import { describeFailure, isAlreadyStarted, isGone, sentenceOf } from './failure.js';
import type { run } from './run.js';

/** How often they are asked. Each time costs a run some events of its history. */
const CHECK_SECONDS = 15 * 60;
/** Where a run of the same name has not closed yet, its successor waits so long between its tries. */
const PATIENCE_SECONDS = [1, 2, 4, 8, 15, 30, 60, 60, 60, 60];

const GONE = { kind: 'failed', message: 'it was ended by force, or the server no longer knows it' };

type Turn = Pick<RunGoing, 'index' | 'turn'>;

export interface Starting {
  workflowId(index: number): string;
  start(going: RunGoing): Promise<ChildWorkflowHandle<typeof run>>;
}

export class ExperimentRuns {
  /** requests to the server that it has not answered yet */
  #asking = 0;
  #canceled = false;
  #checked: number;

  constructor(
    private readonly state: ExperimentState,
    private readonly starting: Starting,
    checked: number | undefined,
  ) {
    this.#checked = checked ?? Date.now();
  }

  /** Whether the server has answered all that it was asked: what is asked by an execution that ends may never be done. */
  get quiet(): boolean {
    return this.#asking === 0;
  }
  /** when those of earlier executions were last asked whether they are there, in ms since 1970 */
  get checked(): number {
    return this.#checked;
  }

  /** Starts runs until so many are under way. Waits for none of them: a start can take seconds, and must not hold up the next. */
  fill(atATime: number): void {
    for (let next = this.state.begin(atATime, uuid4); next; next = this.state.begin(atATime, uuid4)) void this.#go(next);
  }

  /** Tells those under way what they do not know yet. */
  async tell(): Promise<void> {
    await this.#each(this.state.news(), async (handle, { paused, generations }) => {
      if (paused !== undefined) await handle.signal(setPausedSignal, paused);
      if (generations !== undefined) await handle.signal(setGenerationsSignal, generations);
    });
  }

  /** Asks all to end, also those that are only being started. Resolves when none is under way. */
  async cancel(): Promise<void> {
    this.#canceled = true;
    await CancellationScope.nonCancellable(async () => {
      await this.#each(this.state.underWay(), (handle) => handle.cancel());
      await condition(() => this.state.going === 0);
    });
  }

  /** Whether they are there: one that the server does not know as running ended without a word. */
  async check(which: { readonly inherited?: true } = {}): Promise<void> {
    await this.#each(this.state.underWay(which), (handle) => handle.signal(checkSignal));
  }

  /** From time to time, as long as there are any that an earlier execution started. */
  async keepChecking(seconds = CHECK_SECONDS): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      while (this.state.underWay({ inherited: true }).length > 0) {
        await sleep(Math.max(1, this.#checked + seconds * 1000 - Date.now()));
        this.#checked = Date.now();
        await this.check({ inherited: true });
      }
    });
  }

  async #go(going: RunGoing): Promise<void> {
    const { index, turn } = going;
    // the run is ended by `cancel` alone, not with the scope that started it
    await CancellationScope.nonCancellable(async () => {
      try {
        const child = await this.#start(going);
        this.state.started(index, turn);
        await (this.#canceled ? this.#each([going], (handle) => handle.cancel()) : this.tell()); // asked while it was starting
        this.state.ended(index, turn, await child.result());
      } catch (error) {
        this.state.broke(index, turn, describeFailure(error));
      }
    });
  }

  /**
   * Another of the same name may not have closed yet: one that has just said its last word, or one that an experiment left when it was
   * ended by force. That is asked to end; what it has finished is remembered.
   */
  async #start(going: RunGoing): Promise<ChildWorkflowHandle<typeof run>> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#asked(() => this.starting.start(going));
      } catch (error) {
        if (!isAlreadyStarted(error) || attempt === PATIENCE_SECONDS.length || this.#canceled) throw error;
        const { index } = going;
        if (attempt > 0) await this.#asked(() => this.#handle(index).cancel()).catch(() => undefined); // it has just closed
        await condition(() => this.#canceled, PATIENCE_SECONDS[attempt] * 1000);
      }
    }
  }

  async #each<T extends Turn>(
    turns: readonly T[],
    ask: (handle: ExternalWorkflowHandle, turn: T) => Promise<void>,
  ): Promise<void> {
    const one = (turn: T) =>
      this.#asked(() => ask(this.#handle(turn.index), turn)).catch((error: unknown) => {
        const gone = isGone(error);
        log.warn(gone ? 'a run under way is gone' : 'a run under way cannot be told anything', {
          run: this.starting.workflowId(turn.index),
          reason: sentenceOf(error),
        });
        // It closes only after the experiment has its last word, which therefore came before this answer, if there was one.
        if (gone) this.state.broke(turn.index, turn.turn, GONE);
      });
    await CancellationScope.nonCancellable(() => Promise.all(turns.map(one)));
  }

  async #asked<T>(request: () => Promise<T>): Promise<T> {
    this.#asking++;
    try {
      return await request();
    } finally {
      this.#asking--;
    }
  }

  #handle(index: number): ExternalWorkflowHandle {
    return getExternalWorkflowHandle(this.starting.workflowId(index));
  }
}
