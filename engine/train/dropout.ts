/**
 * Dropout masks (Srivastava et al. 2014) for the branches of every layer, as inputs of the training graph. A mask's element is a
 * function of (key, step, site, row of the step, place in the row): not of micro-batches, padding, threads or attempts.
 */
import type { CounterRng } from '../../common/philox.js';
import { HabsburgError } from '../../common/errors.js';
import { float32, type Tensor } from '../session.js';
import { kernelsOn, VECTOR, type Kernels } from './kernels.js';

const PAGE = 65536;

/** Name of the graph's input for the n-th place where dropout happens; with '' the prefix of all. */
export function dropoutName(site: number | ''): string {
  return `dropout.${site}`;
}

export class DropoutMasks {
  readonly #key: readonly [number, number];
  #memory?: WebAssembly.Memory;
  #kernels?: Kernels;

  /**
   * @param rate share of elements that become 0, in (0, 1); the others grow by 1 / (1 − rate)
   * @param width d, numbers a token
   */
  constructor(
    rng: CounterRng,
    readonly rate: number,
    readonly width: number,
  ) {
    this.#key = rng.words;
  }

  /**
   * Masks (rows·time, width) for `sites` places; they stay valid until the next call.
   * @param firstRow number of the first row within the optimiser step
   */
  fill(sites: number, step: number, firstRow: number, rows: number, time: number): Record<string, Tensor> {
    const rowBytes = time * this.width * 4;
    // Rows are drawn in whole vectors, one over the rest of the other; the last one's rest falls into the gap.
    const siteBytes = Math.ceil((rows * rowBytes) / VECTOR) * VECTOR + VECTOR;
    const kernels = this.#reserve(siteBytes * sites);
    const threshold = Math.round(this.rate * 2 ** 32);
    const scale = 1 / (1 - this.rate);
    const masks: Record<string, Tensor> = {};
    for (let site = 0; site < sites; site++) {
      const at = site * siteBytes;
      for (let row = 0; row < rows; row++) {
        const from = at + row * rowBytes;
        const end = from + Math.ceil(rowBytes / VECTOR) * VECTOR;
        kernels.dropoutMask(from, end, firstRow + row, site, step, this.#key[0], this.#key[1], threshold, scale);
      }
      masks[dropoutName(site)] = float32(new Float32Array(this.#memory!.buffer, at, rows * time * this.width), [
        rows * time,
        this.width,
      ]);
    }
    return masks;
  }

  #reserve(bytes: number): Kernels {
    if (this.#memory === undefined || this.#memory.buffer.byteLength < bytes) {
      try {
        this.#memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });
      } catch (error) {
        throw new HabsburgError(
          'resources',
          `not enough memory for dropout masks: ${Math.ceil(bytes / 2 ** 20)} MiB more are needed`,
          { cause: error },
        );
      }
      this.#kernels = kernelsOn(this.#memory);
    }
    return this.#kernels!;
  }
}
