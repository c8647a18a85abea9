/**
 * Dropout masks (Srivastava et al. 2014) for the branches of every layer and the inputs of adapters, as inputs of the training graph. A mask's element is a
 * function of (key, step, site, row of the step, place in the row): not of micro-batches, padding, threads or attempts.
 */
import type { CounterRng } from '../../common/philox.js';
import { HabsburgError } from '../../common/errors.js';
import { float32, type Tensor } from '../session.js';
import { kernelsOn, VECTOR, type Kernels } from './kernels.js';

const PAGE = 65536;

/** What a graph's inputs for masks are called: the n-th place where dropout happens; with '' the prefix of all. */
export type SiteName = (site: number | '') => string;
/** of the layers' branches */
export const dropoutName: SiteName = (site) => `dropout.${site}`;
/** of the adapters' inputs */
export const adapterDropoutName: SiteName = (site) => `adapter.dropout.${site}`;

export class DropoutMasks {
  readonly #key: readonly [number, number];
  #memory?: WebAssembly.Memory;
  #kernels?: Kernels;

  /**
   * @param rate share of elements that become 0, in (0, 1); the others grow by 1 / (1 − rate)
   */
  constructor(
    rng: CounterRng,
    readonly rate: number,
    readonly nameOf: SiteName = dropoutName,
  ) {
    this.#key = rng.words;
  }

  /**
   * A mask (rows·time, width) for each place; they stay valid until the next call.
   * @param widths numbers a token, of each place
   * @param firstRow number of the first row within the optimiser step
   */
  fill(widths: readonly number[], step: number, firstRow: number, rows: number, time: number): Record<string, Tensor> {
    // Rows are drawn in whole vectors, one over the rest of the other; the last one's rest falls into the gap.
    const siteBytes = widths.map((width) => Math.ceil((rows * time * width * 4) / VECTOR) * VECTOR + VECTOR);
    const kernels = this.#reserve(siteBytes.reduce((a, b) => a + b, 0));
    const threshold = Math.round(this.rate * 2 ** 32);
    const scale = 1 / (1 - this.rate);
    const masks: Record<string, Tensor> = {};
    let at = 0;
    widths.forEach((width, site) => {
      const rowBytes = time * width * 4;
      for (let row = 0; row < rows; row++) {
        const from = at + row * rowBytes;
        const end = from + Math.ceil(rowBytes / VECTOR) * VECTOR;
        kernels.dropoutMask(from, end, firstRow + row, site, step, this.#key[0], this.#key[1], threshold, scale);
      }
      const mask = new Float32Array(this.#memory!.buffer, at, rows * time * width);
      masks[this.nameOf(site)] = float32(mask, [rows * time, width]);
      at += siteBytes[site];
    });
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
