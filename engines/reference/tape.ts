/**
 * Matrices of float64 and a tape: whoever computes a matrix from others notes how its gradient becomes theirs, and walking the notes
 * backwards is backpropagation (Baydin et al. 2018, arXiv:1502.05767, section 3.2).
 */

export class Matrix {
  /** row by row */
  readonly data: Float64Array;
  /** d loss / d data, once the tape has been walked; gradients add up */
  readonly gradient: Float64Array;

  constructor(
    readonly rows: number,
    readonly columns: number,
    data?: Float64Array,
  ) {
    this.data = data ?? new Float64Array(rows * columns);
    this.gradient = new Float64Array(rows * columns);
  }
}

export class Tape {
  readonly #notes: (() => void)[] = [];

  /** @param back adds to the gradients of what a result was made from */
  note(back: () => void): void {
    this.#notes.push(back);
  }

  /** Walks back, once the gradient of what came last has been set. */
  backward(): void {
    for (let i = this.#notes.length - 1; i >= 0; i--) this.#notes[i]();
    this.#notes.length = 0;
  }
}
