/**
 * Images and noise as a graph's inputs. Batches always have the same number of rows, the last ones filled up with empty images: then
 * every product has one shape, and no result depends on how many images there are or on the number of threads.
 */
import type { Images } from '../../common/images.js';
import type { CounterRng } from '../../common/philox.js';
import { float32, type Tensor } from '../session.js';

/** Grey levels as onnxruntime sees them, in [0, 1]. */
const LEVELS = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/** The chosen images (rows, H·W); rows behind the last one are zero. */
export function imageBatch(images: Images, chosen: ArrayLike<number>, rows: number): Tensor {
  const size = images.height * images.width;
  const data = new Float32Array(rows * size);
  for (let row = 0; row < chosen.length; row++) {
    const from = chosen[row] * size;
    for (let i = 0; i < size; i++) data[row * size + i] = LEVELS[images.pixels[from + i]];
  }
  return float32(data, [rows, size]);
}

/** Standard normal numbers (rows, width) for rows first, first + 1 …: a row's numbers depend on the stream, its number and the lane. */
export function noiseBatch(rng: CounterRng, first: number, rows: number, width: number, lane: number): Tensor {
  return float32(
    Float32Array.from({ length: rows * width }, (_, i) => rng.normal(first * width + i, lane)),
    [rows, width],
  );
}

/** first, first + 1 … up to `count`, at most `size` of them */
export function consecutive(first: number, size: number, count: number): number[] {
  return Array.from({ length: Math.min(size, count - first) }, (_, i) => first + i);
}
