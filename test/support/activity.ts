/** An activity as a worker would call it, without a worker. */
import { Context, asyncLocalStorage, type Info } from '@temporalio/activity';

/** What of an activity's surroundings a test looks at or meddles with. */
export interface Watching {
  /** cancels it */
  readonly signal?: AbortSignal;
  /** which it is; attempts of one have the same */
  readonly activityId?: string;
  readonly heartbeat?: (details: unknown) => void;
  readonly warn?: (message: string, meta?: unknown) => void;
}

/** @param attempt the activity's attempt, from 1 */
export function asActivity<T>(work: () => Promise<T>, attempt = 1, watching: Watching = {}): Promise<T> {
  const {
    signal = new AbortController().signal,
    activityId = '1',
    heartbeat = () => undefined,
    warn = () => undefined,
  } = watching;
  const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn, error() {} };
  const context = new Context(
    { attempt, activityId, workflowNamespace: 'default' } as Info,
    new Promise<never>(() => undefined),
    signal,
    heartbeat,
    undefined,
    quiet,
    undefined as never,
    undefined as never,
  );
  return asyncLocalStorage.run(context, work);
}
