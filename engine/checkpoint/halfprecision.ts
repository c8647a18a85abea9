/** IEEE half precision and bfloat16 to float32, exactly, and float32 rounded to half precision. */

/** BF16 is the upper half of a float32. */
export function fromBfloat16(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i] << 16;
  return new Float32Array(words.buffer);
}

let table: Float32Array | undefined;

/** F16 by table: 65,536 values. */
export function fromFloat16(bits: Uint16Array): Float32Array {
  table ??= Float32Array.from({ length: 65536 }, (_, half) => halfToNumber(half));
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = table[bits[i]];
  return out;
}

function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Rounds to the nearest half-precision number, ties to even; what is too large becomes infinite. */
export function toFloat16(numbers: Float32Array): Uint16Array {
  const words = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  const out = new Uint16Array(words.length);
  for (let i = 0; i < words.length; i++) out[i] = wordToHalf(words[i]);
  return out;
}

/** @param word a float32's bits */
function wordToHalf(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // not a number
  if (magnitude >= 0x47800000) return sign | 0x7c00; // 2^16 and more
  // Below 2^-14 a half's unit is fixed, 2^-24; above, it is 13 bits coarser than the float's own.
  const exponent = magnitude >>> 23;
  const shift = exponent >= 113 ? 13 : Math.min(31, 126 - exponent);
  const bits = exponent >= 113 ? magnitude - 0x38000000 : (magnitude & 0x7fffff) | (exponent === 0 ? 0 : 0x800000);
  const half = bits >>> shift;
  const rest = bits & (2 ** shift - 1);
  const middle = 2 ** (shift - 1);
  return sign | (half + (rest > middle || (rest === middle && (half & 1) === 1) ? 1 : 0));
}
