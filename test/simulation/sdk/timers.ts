/** Stands in for node:timers/promises. */
import { later } from '../processes.js';

export function setTimeout<T>(ms: number, value?: T, options: { readonly signal?: AbortSignal } = {}): Promise<T> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    const aborted = () =>
      reject(Object.assign(new Error('The operation was aborted'), { name: 'AbortError', code: 'ABORT_ERR' }));
    if (signal?.aborted) return aborted();
    const stop = () => {
      timer.cancel();
      aborted();
    };
    const timer = later(ms, () => {
      signal?.removeEventListener('abort', stop);
      resolve(value as T);
    });
    signal?.addEventListener('abort', stop, { once: true });
  });
}
