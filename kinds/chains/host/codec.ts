/** Plain data with typed arrays to one line of JSON and back, bit for bit; the same value gives the same bytes. */
import { canonicalJson } from '../../../common/canonical.js';

const KINDS = { f64: Float64Array, i32: Int32Array, u32: Uint32Array } as const;
type Kind = keyof typeof KINDS;

/** Typed arrays become {"f64": base64 of little-endian bytes}, alike i32 and u32. */
export function encode(value: unknown): string {
  return canonicalJson(packed(value));
}

export function decode(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    const [[kind, base64] = [], ...others] = Object.entries(value);
    if (others.length > 0 || kind === undefined || !(kind in KINDS) || typeof base64 !== 'string') return value;
    const bytes = Buffer.from(base64, 'base64');
    return new KINDS[kind as Kind](bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  });
}

function packed(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) {
    for (const [kind, type] of Object.entries(KINDS)) {
      if (value instanceof type)
        return { [kind]: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
    }
    throw new TypeError('internal: an array of this type has no encoding');
  }
  if (Array.isArray(value)) return value.map(packed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, packed(v)]));
}
