/**
 * A function of a module, run in a thread of its own: what is heavy (tokenizing, training a vocabulary, post-processing) leaves this
 * thread free for heartbeats, cancellation and whoever else it serves.
 */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { HabsburgError, type ErrorKind } from './errors.js';

/** What the thread answers. */
export type ThreadAnswer =
  | { readonly result: unknown }
  | { readonly error: { readonly message: string; readonly stack?: string; readonly kind?: ErrorKind; readonly details?: Record<string, unknown> } }; // prettier-ignore

export interface ThreadJob {
  /** file URL of a module */
  readonly module: string;
  /** one of its exports: takes `input`, returns or resolves to something that can be cloned */
  readonly name: string;
  readonly input: unknown;
}

/** Memory that a thread may take, MiB. */
const MAX_HEAP = 8192;

/** The compiled file of a module: tests load the sources, which a thread cannot. */
function compiled(url: string): string {
  if (!url.endsWith('.ts')) return url;
  const root = new URL('../', import.meta.url).href;
  return `${root}dist/${url.slice(root.length, -'.ts'.length)}.js`;
}

/** A thread that answers one call after the other; what its modules keep stays from call to call. */
export interface Thread {
  /**
   * Calls `name` of `module` with a copy of `input`. A call that finds no thread starts one.
   * @param module as `new URL('./file.js', import.meta.url)` gives it
   * @param signal aborted: the thread is stopped
   * @throws what the function throws; a HabsburgError stays one
   */
  call<Output>(module: URL, name: string, input: unknown, signal?: AbortSignal): Promise<Output>;
  close(): Promise<void>;
}

export function openThread(): Thread {
  let worker: Worker | undefined;
  const close = async (): Promise<void> => {
    const closing = worker;
    worker = undefined;
    await closing?.terminate();
  };
  return {
    close,
    async call<Output>(module: URL, name: string, input: unknown, signal?: AbortSignal): Promise<Output> {
      signal?.throwIfAborted();
      const here = import.meta.url;
      const source = here.endsWith('.ts') ? module.href.replace(/\.js$/, '.ts') : module.href;
      const entry = compiled(new URL(`./thread-entry${here.slice(-3)}`, here).href);
      worker ??= new Worker(fileURLToPath(entry), { resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP } })
        // what goes wrong between calls the next one is told
        .on('error', () => undefined);
      const stop = (): void => void close();
      signal?.addEventListener('abort', stop, { once: true });
      try {
        const answer = await answerOf(worker, { module: compiled(source), name, input });
        if ('result' in answer) return answer.result as Output;
        throw revived(answer.error);
      } catch (error) {
        signal?.throwIfAborted();
        if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY')
          throw new HabsburgError('resources', `${name} needs more than ${MAX_HEAP} MiB of memory; give it less text at a time`, { cause: error }); // prettier-ignore
        throw error;
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    },
  };

  async function answerOf(asked: Worker, job: ThreadJob): Promise<ThreadAnswer> {
    let unheard = (): void => undefined;
    asked.ref();
    try {
      return await new Promise<ThreadAnswer>((resolve, reject) => {
        const ended = (): void => {
          if (worker === asked) worker = undefined;
          reject(new Error(`${job.name} ended without an answer`));
        };
        asked.on('message', resolve).on('error', reject).on('exit', ended);
        unheard = () => void asked.off('message', resolve).off('error', reject).off('exit', ended);
        asked.postMessage(job);
      });
    } finally {
      unheard();
      // one that waits for its next call does not keep the process
      asked.unref();
    }
  }
}

/** One call in a thread of its own. */
export async function inThread<Output>(module: URL, name: string, input: unknown, signal?: AbortSignal): Promise<Output> {
  const thread = openThread();
  try {
    return await thread.call<Output>(module, name, input, signal);
  } finally {
    await thread.close();
  }
}

function revived({ message, stack, kind, details }: Extract<ThreadAnswer, { error: unknown }>['error']): Error {
  const error = kind === undefined ? new Error(message) : new HabsburgError(kind, message, { details });
  if (stack !== undefined) error.stack = stack;
  return error;
}
