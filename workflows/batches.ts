/** Work that waits until the work before it is done, and is then done together. */
export class Batches<T> {
  readonly #waiting: T[] = [];
  #busy = false;

  /** @param most of one batch */
  constructor(readonly most: number) {}

  add(more: readonly T[]): void {
    this.#waiting.push(...more);
  }

  get full(): boolean {
    return this.#waiting.length >= this.most;
  }

  /** @returns whether the caller has to see to what waits, until there is no next batch; else nothing does, or somebody is at it */
  begin(): boolean {
    const idle = !this.#busy && this.#waiting.length > 0;
    this.#busy ||= idle;
    return idle;
  }

  next(): readonly T[] | undefined {
    if (this.#waiting.length > 0) return this.#waiting.splice(0, this.most);
    this.#busy = false;
    return undefined;
  }
}
