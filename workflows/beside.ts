/** Work that goes on beside a chain: the chain does not wait for it, and does not end with it, but for cancellation. */
import { isCancellation } from '@temporalio/workflow';

export class Beside {
  readonly #pending = new Set<Promise<void>>();

  /** @param failed told when the work fails for good */
  add(work: Promise<void>, failed: (error: unknown) => void): void {
    const watched = work
      .catch((error: unknown) => {
        if (isCancellation(error)) throw error;
        failed(error);
      })
      .finally(() => this.#pending.delete(watched));
    watched.catch(() => undefined); // met in `settled`, if anybody waits
    this.#pending.add(watched);
  }

  /** Resolves once nothing is pending, also nothing that was added meanwhile. @throws the cancellation, where there was one */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }
}
