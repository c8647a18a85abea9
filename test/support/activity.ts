/** An activity as a worker would call it, without a worker. */
import { Context, asyncLocalStorage, type Info } from '@temporalio/activity';

/** @param attempt the activity's attempt, from 1 */
export function asActivity<T>(work: () => Promise<T>, attempt = 1): Promise<T> {
  const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
  const context = new Context(
    { attempt, activityId: '1', workflowNamespace: 'default' } as Info,
    new Promise<never>(() => undefined),
    new AbortController().signal,
    () => undefined,
    undefined,
    quiet,
    undefined as never,
    undefined as never,
  );
  return asyncLocalStorage.run(context, work);
}
