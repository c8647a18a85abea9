/** Small objects whose name says what they hold, and that are never changed: what lies there whole is left alone, what is damaged put right. */
import type { ObjectStore } from './types.js';

/** @param first done before an object is put where there was none */
export async function putWhole(objects: ObjectStore, key: string, bytes: Buffer, first?: () => Promise<void>): Promise<void> {
  const there = await objects.stat(key);
  if (!there) {
    await first?.();
    await objects.putIfAbsent(key, { bytes });
  } else if (there.size !== bytes.byteLength || !(await objects.read(key, bytes.byteLength)).equals(bytes))
    await objects.put(key, { bytes });
}
